//! Event logs, in each of their forms.

use cloister_attestation::event_log::{EventLog, HashAlgorithm, LogKind};
use cloister_attestation::limits::{EVENT_LOG_BYTES_MAX, EVENT_LOG_EVENTS_MAX};

use super::{QUICK, outcome, twice};
use crate::{Outcome, Target};

pub(super) const EVENT_LOG: Target = Target {
    name: "event-log",
    run: event_log,
    seeds: logs,
    bytes_max: 32 * 1024,
    quick_inputs: QUICK,
};

/// Whatever a log says it holds was received, and replaying it always has the same end.
fn event_log(data: &[u8]) -> Outcome {
    let [ccel, tpm] =
        [LogKind::Ccel, LogKind::Tpm].map(|kind| twice(data, |data| EventLog::read(kind, data)));
    [&ccel, &tpm].into_iter().flatten().for_each(|log| examine(log, data));
    outcome(&ccel.or(tpm))
}

fn examine(log: &EventLog, data: &[u8]) {
    assert!(data.len() <= EVENT_LOG_BYTES_MAX && log.events().len() <= EVENT_LOG_EVENTS_MAX);
    assert!(log.padding() <= data.len());
    let held: usize = log.events().iter().map(|event| event.payload().len()).sum();
    assert!(held <= data.len(), "more payload than was received");
    for bank in [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
        assert_eq!(log.replay(bank), log.replay(bank));
        let _checks = log.self_checks(bank);
        for event in log.events() {
            let (_assertion, _label) = (event.assertion(bank), event.label());
        }
    }
}

const NO_ACTION: u32 = 3;
const SEPARATOR: u32 = 4;
const EVENT_TAG: u32 = 6;
const EFI_VARIABLE_BOOT: u32 = 0x8000_0002;
const EFI_ACTION: u32 = 0x8000_0007;

fn logs() -> Vec<Vec<u8>> {
    let runtime = r#"[{"imr":0,"event_type":4,"digest":"DIGEST","event":"","event_payload":""},{"imr":3,"event_type":134217729,"digest":"","event":"app-id","event_payload":"00ff"}]"#;
    let runtime = runtime.replace("DIGEST", &"ab".repeat(48));
    let agent = format!("INIT/sha384 {}\nexample.org Pull image\n", "0".repeat(96));
    vec![
        binary(&[1, 2, 3, 4], &[(0x0c, 48)]),
        binary(&[0, 4, 7, 14], &[(0x04, 20), (0x0b, 32)]),
        runtime.into_bytes(),
        agent.into_bytes(),
    ]
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A header, then one event of each kind for each register.
fn binary(registers: &[u32], banks: &[(u16, usize)]) -> Vec<u8> {
    let count = u32::try_from(banks.len()).expect("a few");
    let mut spec = [b"Spec ID Event03\0".as_slice(), &words(&[0]), &[0, 2, 0, 2]].concat();
    spec.extend(words(&[count]));
    for (id, length) in banks {
        spec.extend(id.to_le_bytes());
        spec.extend(u16::try_from(*length).expect("a digest").to_le_bytes());
    }
    spec.push(0);
    let length = u32::try_from(spec.len()).expect("short");
    let mut log = [words(&[0, NO_ACTION]), vec![0; 20], words(&[length]), spec].concat();
    for register in registers {
        for (kind, payload) in payloads() {
            log.extend(words(&[*register, kind, count]));
            for (id, length) in banks {
                log.extend(id.to_le_bytes());
                log.extend(vec![0xd1; *length]);
            }
            log.extend(words(&[u32::try_from(payload.len()).expect("short")]));
            log.extend(payload);
        }
    }
    [log, vec![0xff; 16]].concat()
}

fn payloads() -> Vec<(u32, Vec<u8>)> {
    let name: Vec<u8> = "BootOrder".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let lengths = [9_u64, 4].iter().flat_map(|length| length.to_le_bytes()).collect::<Vec<u8>>();
    vec![
        (SEPARATOR, vec![0; 4]),
        (EFI_ACTION, b"Calling EFI Application from Boot Option".to_vec()),
        (EFI_VARIABLE_BOOT, [vec![0x61; 16], lengths, name, vec![0, 0, 1, 0]].concat()),
        (EVENT_TAG, [words(&[0x1234, 3]), b"tag".to_vec()].concat()),
    ]
}
