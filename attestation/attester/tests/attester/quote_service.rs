//! TDX behind a paravisor: the quote comes from a service of the host.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_attestation::bytes::ReportData;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::evidence::Tee;
use cloister_attester::QuoteService;
use cloister_simulator::AzureGuest;

use crate::support::report_data;
use crate::vm::{Vm, bound, tdx};

/// Answers requests, each with the next answer that is made of the REPORTDATA asked for.
fn serve(answers: Vec<Box<dyn Fn(ReportData) -> Vec<u8> + Send>>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\"}") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            stream.write_all(&answer(asked(&request))).unwrap();
        }
    });
    (address, served)
}

/// REPORTDATA of the TDREPORT in a request.
fn asked(request: &[u8]) -> ReportData {
    let text = String::from_utf8(request.to_vec()).unwrap();
    assert!(text.starts_with("POST /acc/tdquote HTTP/1.1\r\nHost: 127.0.0.1\r\n"), "{text}");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    let report = body.strip_prefix("{\"report\":\"").unwrap().strip_suffix("\"}").unwrap();
    let report = URL_SAFE_NO_PAD.decode(report).unwrap();
    assert_eq!(report.len(), 1024);
    ReportData::from_slice(&report[128..192]).unwrap()
}

fn ok(quote: &[u8]) -> Vec<u8> {
    let body = format!("{{\"quote\":\"{}\"}}", URL_SAFE_NO_PAD.encode(quote));
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn quoting(guest: &AzureGuest, change: u8) -> Box<dyn Fn(ReportData) -> Vec<u8> + Send> {
    let paravisor = guest.paravisor().clone();
    Box::new(move |asked| {
        let mut bytes = *asked.as_bytes();
        bytes[0] ^= change;
        ok(&paravisor.evidence(&ReportData::new(bytes)))
    })
}

fn unavailable() -> Box<dyn Fn(ReportData) -> Vec<u8> + Send> {
    Box::new(|_| b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_vec())
}

#[test]
fn a_quote_of_the_paravisors_report_verifies_also_after_a_busy_moment() {
    let Some(vm) = Vm::start(tdx()) else { return };
    let (address, served) = serve(vec![unavailable(), quoting(&vm.guest, 0)]);
    let attester = vm.open_with(QuoteService::at(address)).unwrap();
    assert_eq!(attester.tee(), Tee::Tdx);
    let verified = vm.judge(&attester.collect(&report_data(1)).unwrap()).unwrap();
    assert!(bound(&verified, report_data(1)));
    served.join().unwrap();
}

#[test]
fn a_quote_of_another_report_is_refused() {
    let Some(vm) = Vm::start(tdx()) else { return };
    let (address, served) = serve(vec![quoting(&vm.guest, 1)]);
    let collected = vm.open_with(QuoteService::at(address)).unwrap().collect(&report_data(1));
    assert_eq!(vm.judge(&collected.unwrap()).unwrap_err(), "azure.runtime_data.digest");
    served.join().unwrap();
}

#[test]
fn no_quote_is_told_with_a_remedy() {
    let Some(vm) = Vm::start(tdx()) else { return };
    let unreachable = vm.open().unwrap().collect(&report_data(1)).unwrap_err();
    assert_eq!(unreachable.code().id, "attester.vtpm.quote_service");
    let (address, served) = serve(vec![unavailable(), unavailable()]);
    let busy = vm.open_with(QuoteService::at(address)).unwrap().collect(&report_data(1));
    assert!(busy.unwrap_err().to_string().contains("503"));
    served.join().unwrap();
    let (address, served) = serve(vec![Box::new(|_| ok(b"no quote"))]);
    let other = vm.open_with(QuoteService::at(address)).unwrap().collect(&report_data(1));
    assert_eq!(other.unwrap_err().code().id, "attester.answer");
    served.join().unwrap();
}
