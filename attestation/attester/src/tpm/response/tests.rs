use super::Response;
use crate::limits::TPM_RESPONSE_BYTES_MAX;
use crate::tpm::{Command, TpmError};

fn plain() -> Command {
    Command::new("TPM2_ReadPublic", 0x173).handle(0x8100_0003)
}

fn authorized() -> Command {
    Command::new("TPM2_CreatePrimary", 0x131).authorized(0x4000_000b).returning_handle()
}

/// A response with its size filled in.
fn response(tag: u16, code: u32, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 10).unwrap();
    [&tag.to_be_bytes(), size.to_be_bytes().as_slice(), &code.to_be_bytes(), body].concat()
}

fn with_handle() -> Vec<u8> {
    response(0x8002, 0, &[0x80, 0, 0, 1, 0, 0, 0, 2, 7, 8, 0, 0, 1, 0, 0])
}

fn malformed(command: &Command, bytes: &[u8]) -> bool {
    matches!(Response::parse(command, bytes), Err(TpmError::Malformed { .. }))
}

#[test]
fn handle_and_parameters_are_read_and_nothing_is_left() {
    let read = Response::parse(&authorized(), &with_handle()).unwrap();
    assert_eq!(read.handle(), Some(0x8000_0001));
    assert_eq!(read.parameters(|reader| reader.array()).unwrap(), [7, 8]);
    assert!(read.parameters(|reader| reader.u8()).is_err());
    assert!(read.parameters(|reader| reader.u32_be()).is_err());
    let plain = Response::parse(&plain(), &response(0x8001, 0, &[7, 8])).unwrap();
    assert_eq!(
        (plain.handle(), plain.parameters(|reader| reader.u16_be()).unwrap()),
        (None, 0x708)
    );
}

#[test]
fn every_cut_and_every_byte_more_is_refused() {
    for (command, whole) in [(plain(), response(0x8001, 0, &[7, 8])), (authorized(), with_handle())]
    {
        assert!(Response::parse(&command, &whole).is_ok());
        for length in 0..whole.len() {
            assert!(malformed(&command, &whole[..length]), "{length}");
        }
        assert!(malformed(&command, &[whole.as_slice(), &[0]].concat()));
    }
}

#[test]
fn sizes_inside_that_do_not_add_up_are_refused() {
    for size in [0, 1, 3, 7, u32::MAX] {
        let mut bytes = with_handle();
        bytes[14..18].copy_from_slice(&size.to_be_bytes());
        assert!(malformed(&authorized(), &bytes), "{size}");
    }
}

#[test]
fn an_acknowledgement_of_another_session_is_refused() {
    for at in 1..=5 {
        let mut bytes = with_handle();
        let last = bytes.len() - at;
        bytes[last] ^= 2;
        assert!(malformed(&authorized(), &bytes), "{at}");
    }
}

#[test]
fn a_response_of_the_other_kind_is_refused() {
    assert!(malformed(&plain(), &with_handle()));
    assert!(malformed(&authorized(), &response(0x8001, 0, &[0x80, 0, 0, 1])));
}

#[test]
fn a_refusal_is_a_header_and_nothing_else() {
    let refused = Response::parse(&plain(), &response(0x8001, 0x18b, &[])).unwrap_err();
    let TpmError::Refused { code, .. } = refused else { panic!("{refused}") };
    assert_eq!(code.to_string(), "0x018b (TPM_RC_HANDLE, handle 1)");
    assert!(malformed(&plain(), &response(0x8001, 0x18b, &[0])));
    assert!(malformed(&authorized(), &response(0x8002, 0x18b, &[])));
}

#[test]
fn more_than_any_response_has_is_refused_before_it_is_read() {
    let body = |length: usize| vec![0; length - 10];
    let longest = response(0x8001, 0, &body(TPM_RESPONSE_BYTES_MAX));
    assert!(Response::parse(&plain(), &longest).is_ok());
    assert!(malformed(&plain(), &response(0x8001, 0, &body(TPM_RESPONSE_BYTES_MAX + 1))));
}
