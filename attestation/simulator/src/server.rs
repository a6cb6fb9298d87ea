//! Serves a simulated guest: the other end of the attester's simulator client.
//!
//! ```text
//! request   "cloister-sim/1\n", 64 bytes REPORT_DATA
//! response  0, tee (1 SNP, 2 TDX), u32 length, hardware evidence, u32 length, certificate table
//!           1, u32 length, message in UTF-8
//! ```
//! Lengths are big-endian. One request a connection to a socket; on a [`Line`], which is the host's
//! end of a virtual machine's serial port, one after the other.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cloister_attestation::bytes::ReportData;
use cloister_attestation::evidence::Tee;

use crate::guest::Guest;

/// What a request starts with.
const GREETING: &[u8; 15] = b"cloister-sim/1\n";

/// How long a client may take with each read and write. It sends 79 bytes on the same machine.
const PATIENCE: Duration = Duration::from_secs(5);

const STATUS_OK: u8 = 0;
const STATUS_ERROR: u8 = 1;

/// A running server. Dropping it stops it and waits for the request that it is answering.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Answers requests from a thread of its own until the returned value is dropped.
///
/// # Errors
/// When the listener has no address or no thread can be started.
pub fn serve(listener: UnixListener, guest: Guest) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let work = move || answer_all(&listener, &guest, &stopped);
    let thread = thread::Builder::new().name("cloister-simulator".to_owned()).spawn(work)?;
    Ok(Server { address, stop, thread: Some(thread) })
}

fn answer_all(listener: &UnixListener, guest: &Guest, stop: &AtomicBool) {
    for connection in listener.incoming() {
        if stop.load(Ordering::Acquire) {
            return;
        }
        // A client that goes away or says nonsense concerns nobody else.
        let _outcome = connection.and_then(|stream| answer(stream, guest));
    }
}

fn answer(mut stream: UnixStream, guest: &Guest) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    exchange(&mut stream, guest).map(drop)
}

/// Answers one request; tells whether the next byte can be the first of another.
fn exchange(stream: &mut (impl Read + Write), guest: &Guest) -> io::Result<bool> {
    let mut greeting = [0; GREETING.len()];
    stream.read_exact(&mut greeting)?;
    if greeting != *GREETING {
        stream.write_all(&refusal("the request does not start with cloister-sim/1"))?;
        return Ok(false);
    }
    let mut report_data = [0; ReportData::LEN];
    stream.read_exact(&mut report_data)?;
    stream.write_all(&response(guest, &ReportData::new(report_data)))?;
    Ok(true)
}

/// A virtual machine's serial port, answered from a thread of its own. Dropping it hangs up.
#[derive(Debug)]
pub struct Line {
    stream: UnixStream,
    thread: Option<JoinHandle<()>>,
}

/// Answers one request after the other on `stream` until its other end closes it, says something
/// else than a request, or the returned value is dropped.
///
/// # Errors
/// When the stream cannot be shared or no thread can be started.
pub fn serve_line(stream: UnixStream, guest: Guest) -> io::Result<Line> {
    let mut own = stream.try_clone()?;
    let work = move || {
        while exchange(&mut own, &guest).unwrap_or(false) {}
        // Whoever still writes learns that nobody reads. That it is closed already is as well.
        let _closed = own.shutdown(Shutdown::Both);
    };
    let thread = thread::Builder::new().name("cloister-simulator".to_owned()).spawn(work)?;
    Ok(Line { stream, thread: Some(thread) })
}

impl Drop for Line {
    fn drop(&mut self) {
        let hung_up = self.stream.shutdown(Shutdown::Both);
        // Only a stream that is still open keeps the thread, and then nothing does.
        if let (Ok(()), Some(thread)) = (hung_up, self.thread.take()) {
            let _finished = thread.join();
        }
    }
}

fn response(guest: &Guest, report_data: &ReportData) -> Vec<u8> {
    let tee = match guest.tee() {
        Tee::Snp => 1,
        Tee::Tdx => 2,
        other => return refusal(&format!("the simulator does not know {other}")),
    };
    let hardware = guest.evidence(report_data);
    let certificates = guest.certificates().unwrap_or_default();
    [&[STATUS_OK, tee], field(&hardware).as_slice(), field(&certificates).as_slice()].concat()
}

fn refusal(message: &str) -> Vec<u8> {
    [&[STATUS_ERROR], field(message.as_bytes()).as_slice()].concat()
}

fn field(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("evidence is a few kilobytes");
    [length.to_be_bytes().as_slice(), bytes].concat()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Accepting blocks: a connection wakes the thread, which then sees the flag.
        let woken = UnixStream::connect_addr(&self.address).is_ok();
        if let (true, Some(thread)) = (woken, self.thread.take()) {
            let _finished = thread.join();
        }
    }
}
