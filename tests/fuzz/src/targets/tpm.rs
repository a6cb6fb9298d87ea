//! What a guest is told by its TPM, and by the service that makes quotes.

use std::io;

use cloister_attestation::limits::HARDWARE_EVIDENCE_BYTES_MAX;
use cloister_attester::QuoteServiceAnswer;
use cloister_attester::limits::{QUOTE_SERVICE_BYTES_MAX, TPM_RESPONSE_BYTES_MAX};
use cloister_attester::tpm::{Command, Response, Selection, Tpm, Transport};

use super::{QUICK, outcome, twice};
use crate::{Outcome, Target};

pub(super) const RESPONSE: Target = Target {
    name: "tpm-response",
    run: response,
    seeds: responses,
    bytes_max: TPM_RESPONSE_BYTES_MAX + 64,
    quick_inputs: QUICK,
};

pub(super) const QUOTE_SERVICE: Target = Target {
    name: "quote-service-answer",
    run: quote_service,
    seeds: quote_service_answers,
    bytes_max: QUOTE_SERVICE_BYTES_MAX + 64,
    quick_inputs: QUICK,
};

const NV_INDEX: u32 = 0x0140_0001;
const NV_BYTES_MAX: usize = 4096;

/// A TPM that says the same to everything.
struct Stubborn<'a>(&'a [u8]);

impl Transport for Stubborn<'_> {
    fn exchange(&mut self, _: &[u8]) -> io::Result<Vec<u8>> {
        Ok(self.0.to_vec())
    }
}

/// Whatever is said, every command ends, and what it returns was said.
fn response(data: &[u8]) -> Outcome {
    // A TPM that is busy is asked again after a while, which says nothing here.
    if busy(data) {
        return Outcome::Refused;
    }
    let mut tpm = Tpm::new(Stubborn(data));
    let said = |part: &[u8]| data.windows(part.len()).any(|window| window == part);
    let create = Command::new("TPM2_CreatePrimary", 0x131).authorized(0x4000_000b);
    let created = twice(data, |data| Response::parse(&create.clone().returning_handle(), data));
    let public = tpm.read_public(0x8100_0003).ok();
    let index = tpm.nv_read_public(NV_INDEX).ok();
    let content = tpm.nv_read(NV_INDEX, NV_BYTES_MAX).ok();
    let quote = tpm.quote(0x8100_0003, &[7; 48], Selection::MEASURED).ok();
    let pcrs = tpm.pcr_read(Selection::MEASURED).ok();
    assert!(public.as_ref().is_none_or(|public| public.is_empty() || said(public)));
    assert!(content.as_ref().is_none_or(|content| content.len() <= NV_BYTES_MAX));
    assert!(
        quote.as_ref().is_none_or(|quote| quote.attest.len() + quote.signature.len() < data.len())
    );
    assert!(pcrs.as_ref().is_none_or(|pcrs| pcrs.len() == 16 * 32));
    let any = [
        created.map(drop),
        public.map(drop),
        index.map(drop),
        content.map(drop),
        quote.map(drop),
        pcrs.map(drop),
    ];
    outcome(&any.into_iter().flatten().next())
}

fn busy(data: &[u8]) -> bool {
    matches!(data.get(6..10), Some([0, 0, 9, 0x08 | 0x0a | 0x20 | 0x22]))
}

fn framed(tag: u16, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 10).expect("a few kilobytes");
    [&tag.to_be_bytes(), size.to_be_bytes().as_slice(), &[0; 4], body].concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a few hundred bytes");
    [length.to_be_bytes().as_slice(), bytes].concat()
}

fn authorized(parameters: &[u8]) -> Vec<u8> {
    let size = u32::try_from(parameters.len()).expect("a few hundred bytes");
    framed(0x8002, &[&size.to_be_bytes(), parameters, &[0, 0, 1, 0, 0]].concat())
}

fn responses() -> Vec<Vec<u8>> {
    let name = sized(&[9; 34]);
    let index =
        [NV_INDEX.to_be_bytes().as_slice(), &[0, 0x0b], &[2, 6, 0, 2], &[0, 0], &[8, 0]].concat();
    let values: Vec<u8> = (0..16).flat_map(|pcr| sized(&[pcr; 32])).collect();
    let selected = Selection::MEASURED.encode();
    let signature = [&[0, 0x14, 0, 0x0b][..], &sized(&[5; 256])].concat();
    vec![
        framed(0x8001, &[sized(&[3; 280]), name.clone(), name.clone()].concat()),
        framed(0x8001, &[sized(&index), name].concat()),
        framed(0x8001, &[&[0, 0, 0, 9], &selected[..], &[0, 0, 0, 16], &values].concat()),
        authorized(&[sized(&[4; 145]), signature].concat()),
        authorized(&sized(&[6; 512])),
    ]
}

fn quote_service(data: &[u8]) -> Outcome {
    let parsed = twice(data, QuoteServiceAnswer::parse);
    if let Some(answer) = &parsed {
        assert!(data.len() <= QUOTE_SERVICE_BYTES_MAX);
        assert!(answer.quote.len() <= HARDWARE_EVIDENCE_BYTES_MAX);
    }
    outcome(&parsed)
}

fn quote_service_answers() -> Vec<Vec<u8>> {
    let body = r#"{"quote":"BwgJ_-8"}"#;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    [
        format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}"),
        format!("{head}\r\n{body}"),
    ]
    .map(String::into_bytes)
    .to_vec()
}
