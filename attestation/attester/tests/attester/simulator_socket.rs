//! Collecting from a simulator that was named.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use cloister_attestation::anchor::Anchors;
use cloister_attestation::evidence::Tee;
use cloister_attestation::snp::{Endorsements, Report, verify};
use cloister_attester::{Attester, AttesterError, Choice, Options};
use cloister_simulator::server::{Server, serve};
use cloister_simulator::{Guest, SnpGuest};

use crate::support::{answered, now, pki, report_data, snp, tdx};

fn start(directory: &Path, guest: Guest) -> (Server, PathBuf) {
    let socket = directory.join("simulator.sock");
    (serve(UnixListener::bind(&socket).unwrap(), guest).unwrap(), socket)
}

fn open(socket: &Path) -> Result<Attester, AttesterError> {
    Attester::open(&Options::new(Choice::Simulator(socket.to_owned())))
}

#[test]
fn both_tees_are_collected_from_and_say_that_they_are_simulated() {
    for (guest, tee) in [(snp(), Tee::Snp), (tdx(), Tee::Tdx)] {
        let directory = tempfile::tempdir().unwrap();
        let (_server, socket) = start(directory.path(), guest);
        let attester = open(&socket).unwrap();
        assert_eq!(attester.tee(), tee);
        assert!(attester.simulated() && attester.description().contains("SIMULATED"));
        for mark in [1, 2] {
            let collected = attester.collect(&report_data(mark)).unwrap();
            assert_eq!((collected.tee, answered(&collected)), (tee, report_data(mark)));
            assert_eq!(collected.certificates.is_some(), tee == Tee::Snp);
        }
    }
}

#[test]
fn what_comes_out_verifies_under_the_simulators_roots_and_under_no_vendors() {
    let directory = tempfile::tempdir().unwrap();
    let guest = SnpGuest::new(&pki(), cloister_attestation::snp::Product::Turin);
    let (_server, socket) = start(directory.path(), guest.clone().into());
    let collected = open(&socket).unwrap().collect(&report_data(3)).unwrap();
    let table = Endorsements::from_certificate_table(&collected.certificates.unwrap()).unwrap();
    let endorsements = Endorsements { crl: Some(guest.crl()), ..table };
    let judge = |anchors: &Anchors| {
        verify(Report::parse(&collected.hardware).unwrap(), &endorsements, anchors, now())
    };
    assert!(judge(&pki().anchors()).is_ok());
    assert!(judge(&Anchors::vendor()).is_err());
}

#[test]
fn nothing_behind_the_socket_is_unreachable() {
    let directory = tempfile::tempdir().unwrap();
    let absent = open(&directory.path().join("absent")).unwrap_err();
    assert!(matches!(absent, AttesterError::SimulatorUnreachable { .. }), "{absent}");
    let (server, socket) = start(directory.path(), snp());
    let attester = open(&socket).unwrap();
    drop(server);
    let stopped = attester.collect(&report_data(1)).unwrap_err();
    assert!(matches!(stopped, AttesterError::SimulatorUnreachable { .. }), "{stopped}");
}

#[test]
fn a_simulator_that_becomes_another_tee_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (server, socket) = start(directory.path(), snp());
    let attester = open(&socket).unwrap();
    drop(server);
    std::fs::remove_file(&socket).unwrap();
    let (_other, _) = start(directory.path(), tdx());
    let error = attester.collect(&report_data(1)).unwrap_err();
    assert!(matches!(error, AttesterError::SimulatorProtocol { .. }), "{error}");
}

#[test]
fn an_answer_to_another_question_is_thrown_away() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("replaying.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let report = snp().evidence(&report_data(9));
    let replaying = std::thread::spawn(move || {
        for connection in listener.incoming().take(2) {
            let mut connection = connection.unwrap();
            connection.read_exact(&mut [0; 79]).unwrap();
            let length = u32::try_from(report.len()).unwrap().to_be_bytes();
            let answer = [&[0, 1], length.as_slice(), &report, &[0; 4]].concat();
            connection.write_all(&answer).unwrap();
        }
    });
    let error = open(&socket).unwrap().collect(&report_data(1)).unwrap_err();
    assert!(matches!(error, AttesterError::OtherReportData), "{error}");
    replaying.join().unwrap();
}

#[test]
fn the_server_refuses_other_protocols_and_survives_clients_that_leave() {
    let directory = tempfile::tempdir().unwrap();
    let (_server, socket) = start(directory.path(), snp());
    let mut stranger = UnixStream::connect(&socket).unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // The server closes with our bytes unread, which may show as a reset after its answer.
    let _outcome = stranger.read_to_end(&mut answer);
    assert_eq!(answer.first(), Some(&1), "{answer:?}");
    drop(UnixStream::connect(&socket).unwrap());
    assert!(open(&socket).is_ok());
}
