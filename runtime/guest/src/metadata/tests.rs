//! The three clouds' questions, asked of a server that answers from a script.

use core::time::Duration;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::{AZURE_ASSET_TAG, Cloud, MetadataError, Service};

const FILE: &str = "listen = \"0.0.0.0:4443\"\n";
const MOST: u64 = 64;

/// A server that takes one connection for each answer, and the requests that it was sent.
struct Server {
    service: Service,
    requests: JoinHandle<Vec<String>>,
}

impl Server {
    fn answering(answers: Vec<String>) -> Self {
        Self::doing(answers.len(), move |at, stream| {
            stream.write_all(answers[at].as_bytes()).unwrap();
        })
    }

    fn doing(times: usize, answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Service {
            address: listener.local_addr().unwrap(),
            patience: Duration::from_secs(20),
            per_try: Duration::from_secs(10),
            pause: Duration::from_millis(1),
        };
        let requests = thread::spawn(move || {
            let serve = |at| {
                let (mut stream, _) = listener.accept().unwrap();
                let request = request(&mut stream);
                answer(at, &mut stream);
                request
            };
            (0..times).map(serve).collect()
        });
        Self { service, requests }
    }

    fn ask(&self, cloud: Cloud) -> Result<String, MetadataError> {
        cloud.ask(&self.service, MOST)
    }

    fn requests(self) -> Vec<String> {
        self.requests.join().unwrap()
    }
}

fn request(stream: &mut TcpStream) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

fn ok(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn status(status: u16) -> String {
    format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n")
}

const FLAVOR: &str = "Metadata-Flavor: Google\r\n";

/// What Google's service answers a file with.
fn google() -> String {
    ok(FLAVOR, FILE)
}

fn error(cloud: Cloud, answers: &[&str]) -> String {
    let server = Server::answering(answers.iter().map(|&it| it.to_owned()).collect());
    let error = server.ask(cloud).unwrap_err();
    server.requests();
    error.to_string()
}

#[test]
fn amazons_service_is_asked_for_a_token_first() {
    let server = Server::answering(vec![ok("", "AQAEAL=="), ok("", FILE)]);
    assert_eq!(server.ask(Cloud::Aws).unwrap(), FILE);
    let host = server.service.address.ip();
    let requests = server.requests();
    assert_eq!(
        requests[0],
        format!(
            "PUT /latest/api/token HTTP/1.1\r\nHost: {host}\r\n\
             X-aws-ec2-metadata-token-ttl-seconds: 60\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    );
    assert_eq!(
        requests[1],
        format!(
            "GET /latest/user-data HTTP/1.1\r\nHost: {host}\r\nX-aws-ec2-metadata-token: AQAEAL==\r\n\
             Connection: close\r\n\r\n"
        )
    );
}

#[test]
fn a_token_that_would_end_the_header_is_none() {
    for token in ["", "a\r\nHost: b", "a b", "\u{e4}"] {
        assert!(error(Cloud::Aws, &[&ok("", token)]).contains("/latest/api/token is no token"));
    }
    let long = "x".repeat(1025);
    assert!(error(Cloud::Aws, &[&ok("", &long)]).contains("too long"));
}

#[test]
fn azures_service_answers_in_base64() {
    // With padding, and whatever ends the line.
    let server = Server::answering(vec![ok("", "bGlzdGVuID0gIjAuMC4wLjA6NDQ0MyIK\r\n")]);
    assert_eq!(server.ask(Cloud::Azure).unwrap(), FILE);
    let request = server.requests().remove(0);
    let path = "/metadata/instance/compute/userData?api-version=2021-01-01&format=text";
    assert!(request.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{request}");
    assert!(request.contains("\r\nMetadata: true\r\n"), "{request}");
    assert!(error(Cloud::Azure, &[&ok("", FILE)]).contains("no base64"));
    assert!(error(Cloud::Azure, &[&ok("", "")]).contains("empty"));
    assert!(error(Cloud::Azure, &[&ok("", &"AAAA".repeat(22))]).contains("too long"));
}

#[test]
fn googles_service_says_that_it_is_googles() {
    let server = Server::answering(vec![google()]);
    assert_eq!(server.ask(Cloud::Google).unwrap(), FILE);
    let request = server.requests().remove(0);
    let path = "/computeMetadata/v1/instance/attributes/user-data";
    assert!(request.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{request}");
    assert!(request.contains("\r\nMetadata-Flavor: Google\r\n"), "{request}");
    for fields in ["", "Metadata-Flavor: Other\r\n"] {
        assert!(error(Cloud::Google, &[&ok(fields, FILE)]).contains("not from Google's service"));
    }
}

#[test]
fn a_service_that_is_late_is_asked_again_and_one_that_says_no_is_not() {
    let late = [status(503), status(429), status(410), String::new(), google()];
    let server = Server::answering(late.to_vec());
    assert_eq!(server.ask(Cloud::Google).unwrap(), FILE);
    assert_eq!(server.requests().len(), 5);
    for code in [404, 403, 301, 201] {
        assert!(error(Cloud::Google, &[&status(code)]).contains(&format!("status {code}")));
    }
}

#[test]
fn patience_ends() {
    let mut server =
        Server::doing(3, |_, stream| stream.write_all(status(500).as_bytes()).unwrap());
    server.service.patience = Duration::from_millis(250);
    server.service.pause = Duration::from_millis(100);
    let error = server.ask(Cloud::Google).unwrap_err();
    assert!(matches!(error, MetadataError::Status { status: 500, .. }), "{error:?}");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let unreachable = Service { address: nobody, ..server.service };
    let error = Cloud::Google.ask(&unreachable, MOST).unwrap_err();
    assert!(matches!(error, MetadataError::Unreachable(_)), "{error:?}");
}

#[test]
fn a_byte_now_and_then_does_not_prolong_a_request() {
    let mut server = Server::doing(1, |_, stream| {
        for byte in google().bytes() {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    });
    server.service.patience = Duration::from_millis(300);
    server.service.pause = Duration::from_secs(1);
    let began = Instant::now();
    let error = server.ask(Cloud::Google).unwrap_err();
    assert!(matches!(error, MetadataError::Unreachable(_)), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn an_answer_without_end_is_read_no_further_than_its_bound() {
    let server = Server::doing(1, |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let error = server.ask(Cloud::Google).unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
    server.requests();
}

#[test]
fn what_is_empty_or_no_text_is_refused() {
    assert!(error(Cloud::Google, &[&ok(FLAVOR, "")]).contains("empty"));
    let server = Server::doing(1, |_, stream| {
        let head = format!("HTTP/1.1 200 OK\r\n{FLAVOR}Content-Length: 1\r\n\r\n");
        stream.write_all(&[head.as_bytes(), b"\xff"].concat()).unwrap();
    });
    assert!(server.ask(Cloud::Google).unwrap_err().to_string().contains("no UTF-8"));
    server.requests();
}

#[test]
fn a_machine_says_in_which_cloud_it_is() {
    for (vendor, tag, cloud) in [
        ("Amazon EC2\n", "Amazon EC2\n", Some(Cloud::Aws)),
        ("Google\n", "\n", Some(Cloud::Google)),
        ("Microsoft Corporation\n", AZURE_ASSET_TAG, Some(Cloud::Azure)),
        ("Microsoft Corporation\n", "0000-0000", None),
        ("QEMU\n", "", None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sys_vendor"), vendor).unwrap();
        fs::write(folder.path().join("chassis_asset_tag"), tag).unwrap();
        assert_eq!(Cloud::of(folder.path()), cloud, "{vendor}");
    }
    assert_eq!(Cloud::of("/nonexistent".as_ref()), None);
}
