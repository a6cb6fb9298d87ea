//! Collecting from a simulator behind a character device, as a virtual machine's serial port is.
//! A pseudo-terminal stands in for the port: its one end is a device, its other end is a stream.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread;

use cloister_attestation::evidence::Tee;
use cloister_attester::{Attester, AttesterError, Choice, Options};
use cloister_simulator::Guest;
use cloister_simulator::server::{Line, serve_line};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::support::{answered, report_data, snp, tdx};

/// A device, and the host's end of it.
struct Port {
    device: PathBuf,
    host: File,
    /// Keeps the device from hanging up while the attester has it closed.
    _open: File,
}

impl Port {
    fn new() -> Self {
        let host = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&host).unwrap();
        unlockpt(&host).unwrap();
        let name = ptsname(&host, Vec::new()).unwrap();
        let device = PathBuf::from(std::ffi::OsString::from_vec(name.into_bytes()));
        let open = OpenOptions::new().read(true).write(true).open(&device).unwrap();
        let mut raw = tcgetattr(&open).unwrap();
        raw.make_raw();
        tcsetattr(&open, OptionalActions::Now, &raw).unwrap();
        Self { device, host: File::from(host), _open: open }
    }

    fn open(&self) -> Result<Attester, AttesterError> {
        Attester::open(&Options::new(Choice::Simulator(self.device.clone())))
    }

    /// Carries what is said between the device and the simulator's line, as QEMU does.
    fn answer_by(&self, guest: Guest) -> Line {
        let (near, far) = UnixStream::pair().unwrap();
        copy(self.host.try_clone().unwrap(), near.try_clone().unwrap());
        copy(near, self.host.try_clone().unwrap());
        serve_line(far, guest).unwrap()
    }
}

/// Until either side ends, which is when the test does.
fn copy(mut from: impl Read + Send + 'static, mut to: impl Write + Send + 'static) {
    thread::spawn(move || std::io::copy(&mut from, &mut to));
}

#[test]
fn requests_follow_each_other_on_one_line() {
    for (guest, tee) in [(snp(), Tee::Snp), (tdx(), Tee::Tdx)] {
        let port = Port::new();
        let _line = port.answer_by(guest);
        let attester = port.open().unwrap();
        assert_eq!(attester.tee(), tee);
        for mark in 1..=5 {
            let collected = attester.collect(&report_data(mark)).unwrap();
            assert_eq!((collected.tee, answered(&collected)), (tee, report_data(mark)));
        }
    }
}

#[test]
fn a_device_is_said_to_be_a_simulator_and_is_used_only_when_named() {
    let port = Port::new();
    let _line = port.answer_by(snp());
    let attester = port.open().unwrap();
    assert!(attester.simulated());
    assert!(attester.description().contains("SIMULATED"), "{}", attester.description());
}

#[test]
fn what_an_earlier_exchange_left_behind_is_no_answer_to_the_next() {
    let mut port = Port::new();
    // A refusal that nobody waited for.
    port.host.write_all(&[1, 0, 0, 0, 2, b'n', b'o']).unwrap();
    let _line = port.answer_by(snp());
    assert_eq!(port.open().unwrap().tee(), Tee::Snp);
}

#[test]
fn a_line_is_opened_anew_once_an_exchange_on_it_has_failed() {
    let port = Port::new();
    let mut host = port.host.try_clone().unwrap();
    let silent = thread::spawn(move || {
        host.read_exact(&mut [0; 79]).unwrap();
        // Unknown, and half of something that belongs to nobody.
        host.write_all(&[9, 0, 0]).unwrap();
    });
    let failed = port.open().unwrap_err();
    assert!(matches!(failed, AttesterError::SimulatorProtocol { .. }), "{failed}");
    silent.join().unwrap();
    let _line = port.answer_by(snp());
    assert_eq!(port.open().unwrap().tee(), Tee::Snp);
}

#[test]
fn a_line_ends_when_something_else_than_a_request_is_said_on_it() {
    let (mut near, far) = UnixStream::pair().unwrap();
    let _line = serve_line(far, snp()).unwrap();
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut told = Vec::new();
    // What it did not read may show as a reset after its answer.
    let _outcome = near.read_to_end(&mut told);
    assert_eq!(told.first(), Some(&1), "{told:?}");
}

#[test]
fn dropping_a_line_hangs_up() {
    let (mut near, far) = UnixStream::pair().unwrap();
    drop(serve_line(far, snp()).unwrap());
    assert_eq!(near.read(&mut [0]).unwrap(), 0);
}
