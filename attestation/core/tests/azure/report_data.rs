//! REPORT_DATA of the hardware: the hash of the runtime data, then zero.

use cloister_attestation::check::State;

use super::guest::verified;
use super::guest::{azure, both, refused, step};

#[test]
fn it_begins_with_the_hash_of_the_runtime_data_as_received() {
    for guest in both() {
        assert_eq!(step(&guest, "azure.runtime_data.digest"), State::Pass);
        let verified = verified(&guest);
        let hardware = azure(&verified).hardware();
        assert_eq!(hardware.tee(), guest.paravisor().tee());
    }
}

#[test]
fn one_changed_bit_in_either_half_is_refused() {
    for at in [0, 31, 32, 63] {
        for guest in both() {
            let changed = guest.with_hardware_report_data(move |data| {
                let mut bytes = *data.as_bytes();
                bytes[at] ^= 1;
                *data = cloister_attestation::bytes::ReportData::new(bytes);
            });
            assert_eq!(refused(&changed), "azure.runtime_data.digest", "byte {at}");
        }
    }
}

#[test]
fn runtime_data_that_was_changed_after_signing_is_refused() {
    for guest in both() {
        let changed = guest.with_hcl_bytes(|hcl| {
            // White space inside the JSON: the same document in other bytes.
            let length = u32::from_le_bytes(hcl[1232..1236].try_into().unwrap());
            let end = 1236 + usize::try_from(length).unwrap();
            hcl.copy_within(1237..end, 1238);
            hcl[1237] = b' ';
            for field in [8, 1216, 1232] {
                let size = u32::from_le_bytes(hcl[field..field + 4].try_into().unwrap()) + 1;
                hcl[field..field + 4].copy_from_slice(&size.to_le_bytes());
            }
        });
        assert_eq!(refused(&changed), "azure.runtime_data.digest");
    }
}
