//! What a guest is told when it asks for Evidence.

use cloister_attestation::limits::{ENDORSEMENT_BYTES_MAX, HARDWARE_EVIDENCE_BYTES_MAX};
use cloister_attester::SimulatorAnswer;

use super::{QUICK, outcome, twice};
use crate::world::{REPORT_DATA, snp};
use crate::{Outcome, Target};

pub(super) const SIMULATOR_ANSWER: Target = Target {
    name: "simulator-answer",
    run: answer,
    seeds: answers,
    bytes_max: HARDWARE_EVIDENCE_BYTES_MAX + ENDORSEMENT_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

/// What was read was received, within its limits.
fn answer(data: &[u8]) -> Outcome {
    let parsed = twice(data, |data| SimulatorAnswer::read(&mut &*data));
    if let Some(SimulatorAnswer { hardware, certificates, .. }) = &parsed {
        assert!(hardware.len() <= HARDWARE_EVIDENCE_BYTES_MAX);
        assert!(certificates.len() <= ENDORSEMENT_BYTES_MAX);
        let (at, end) = (6 + hardware.len(), 10 + hardware.len() + certificates.len());
        assert_eq!(data.get(6..at), Some(hardware.as_slice()));
        assert_eq!(data.get(at + 4..end), Some(certificates.as_slice()));
    }
    outcome(&parsed)
}

fn answers() -> Vec<Vec<u8>> {
    let guest = &snp()[0];
    let whole = [guest.report(&REPORT_DATA), guest.certificate_table()];
    let empty = [guest.report(&REPORT_DATA), Vec::new()];
    [whole, empty]
        .iter()
        .map(|fields| fields.iter().fold(vec![0, 1], |answer, field| framed(answer, field)))
        .collect()
}

fn framed(mut answer: Vec<u8>, field: &[u8]) -> Vec<u8> {
    let len = u32::try_from(field.len()).expect("a short field");
    answer.extend(len.to_be_bytes());
    answer.extend(field);
    answer
}
