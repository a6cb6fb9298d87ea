use std::io::{self, IoSlice, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use cloister_attester::tpm::Transport;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::{DONE, Relay};
use crate::vtpm::SharedTpm;

const PATIENCE: Duration = Duration::from_secs(10);

/// Answers with the last byte of the command.
struct Echo;

impl Transport for Echo {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        Ok(command.last().copied().into_iter().collect())
    }
}

/// QEMU's control channel, and swtpm's.
fn relay() -> (UnixStream, UnixStream, Relay) {
    let (qemu, own) = UnixStream::pair().unwrap();
    let (control, swtpm) = UnixStream::pair().unwrap();
    // An answer that does not come fails the test.
    for end in [&qemu, &swtpm] {
        end.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    let relay = Relay::between(own, control, SharedTpm::new(Echo)).unwrap();
    (qemu, swtpm, relay)
}

fn hand_over(qemu: &UnixStream, command: u32, end: &UnixStream) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let ends = [end.as_fd()];
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&ends)));
    let command = command.to_be_bytes();
    sendmsg(qemu, &[IoSlice::new(&command)], &mut ancillary, SendFlags::empty()).unwrap();
}

fn read<const N: usize>(mut stream: &UnixStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// Whether the other side has closed it, with nothing left to read.
fn is_closed(mut stream: &UnixStream) -> bool {
    match stream.read(&mut [0; 1]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn control_commands_and_their_answers_pass_unchanged() {
    let (mut qemu, mut swtpm, _relay) = relay();
    qemu.write_all(&[0, 0, 0, 5, 3]).unwrap();
    assert_eq!(read(&swtpm), [0, 0, 0, 5, 3]);
    swtpm.write_all(&[0, 0, 0, 0]).unwrap();
    assert_eq!(read(&qemu), DONE);
}

#[test]
fn the_emulator_is_not_told_that_the_machine_ends() {
    let (mut qemu, swtpm, _relay) = relay();
    qemu.write_all(&[0, 0, 0, 3]).unwrap();
    assert_eq!(read(&qemu), DONE);
    qemu.write_all(&[0, 0, 0, 4]).unwrap();
    assert_eq!(read(&swtpm), [0, 0, 0, 4], "the first that arrives");
}

#[test]
fn the_machines_commands_are_answered_by_the_shared_tpm() {
    let (qemu, _swtpm, _relay) = relay();
    let (mut machine, end) = UnixStream::pair().unwrap();
    hand_over(&qemu, 0x10, &end);
    assert_eq!(read(&qemu), DONE);
    for mark in [7, 8] {
        machine.write_all(&[0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0]).unwrap();
        machine.write_all(&[mark]).unwrap();
        assert_eq!(read(&machine), [mark]);
    }
}

#[test]
fn what_is_no_command_is_not_passed_on_and_the_machine_sees_the_end() {
    for size in [[0, 0, 0, 9], [0, 0, 0x10, 1], [0xff; 4]] {
        let (qemu, _swtpm, _relay) = relay();
        let (mut machine, end) = UnixStream::pair().unwrap();
        hand_over(&qemu, 0x10, &end);
        drop(end);
        assert_eq!(read(&qemu), DONE);
        machine.write_all(&[[0x80, 1].as_slice(), &size, &[0, 0, 1, 0x44]].concat()).unwrap();
        assert!(is_closed(&machine), "{size:?}");
    }
}

#[test]
fn a_descriptor_that_nobody_asked_for_ends_the_connection() {
    let (qemu, _swtpm, _relay) = relay();
    let (machine, _end) = UnixStream::pair().unwrap();
    hand_over(&qemu, 2, &machine);
    assert!(is_closed(&qemu));
}

#[test]
fn dropping_it_hangs_up_on_both_sides() {
    let (qemu, swtpm, relay) = relay();
    drop(relay);
    assert!(is_closed(&qemu) && is_closed(&swtpm));
}
