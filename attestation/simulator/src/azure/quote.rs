//! A quote of the virtual TPM, field by field.

use std::collections::BTreeMap;

use super::{sha256, sized};

/// Every field of a `TPMS_ATTEST` of type quote, named as in the specification.
///
/// SPEC: TPM 2.0 Part 2, sections 10.12.8 and 10.12.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the specification's, under its names")]
pub struct AttestFields {
    pub magic: u32,
    pub kind: u16,
    pub qualified_signer: Vec<u8>,
    pub extra_data: Vec<u8>,
    pub clock: u64,
    pub reset_count: u32,
    pub restart_count: u32,
    pub safe: u8,
    pub firmware_version: u64,
    /// `TPM_ALG_ID` of the bank, and the bit map.
    pub pcr_select: Vec<(u16, Vec<u8>)>,
    pub pcr_digest: Vec<u8>,
}

const SHA256: u16 = 0x000b;
const RSASSA: u16 = 0x0014;

impl AttestFields {
    /// What an honest virtual TPM writes: all PCRs of its SHA-256 bank.
    pub(super) fn of(pcrs: &BTreeMap<u8, [u8; 32]>, extra_data: &[u8]) -> Self {
        let values: Vec<u8> = pcrs.values().flatten().copied().collect();
        let name =
            [SHA256.to_be_bytes().as_slice(), &sha256(b"simulated attestation key")].concat();
        Self {
            magic: 0xff54_4347,
            kind: 0x8018,
            qualified_signer: name,
            extra_data: extra_data.to_vec(),
            clock: 4_711_000,
            reset_count: 2,
            restart_count: 0,
            safe: 1,
            firmware_version: 0x2020_0312_0012_0003,
            pcr_select: vec![(SHA256, vec![0xff; 3])],
            pcr_digest: sha256(&values).to_vec(),
        }
    }

    /// Selects these PCRs of the SHA-256 bank and makes the digest fit `values`.
    pub fn select(&mut self, pcrs: &[(u8, [u8; 32])]) {
        let bits = pcrs.iter().fold(0_u32, |bits, (index, _)| bits | 1 << index);
        let values: Vec<u8> = pcrs.iter().flat_map(|(_, value)| *value).collect();
        self.pcr_select = vec![(SHA256, bits.to_le_bytes()[..3].to_vec())];
        self.pcr_digest = sha256(&values).to_vec();
    }

    /// The values of the PCRs that are selected.
    pub(super) fn values(&self, pcrs: &BTreeMap<u8, [u8; 32]>) -> Vec<u8> {
        let selected = |index: u8| {
            let (byte, bit) = (usize::from(index / 8), index % 8);
            self.pcr_select.iter().any(|(_, map)| map.get(byte).is_some_and(|b| b >> bit & 1 == 1))
        };
        pcrs.iter().filter(|(index, _)| selected(**index)).flat_map(|(_, value)| *value).collect()
    }

    /// The encoded structure.
    pub(super) fn encode(&self) -> Vec<u8> {
        let banks = u32::try_from(self.pcr_select.len()).expect("a few banks");
        let mut bytes = [
            self.magic.to_be_bytes().as_slice(),
            &self.kind.to_be_bytes(),
            &sized(&self.qualified_signer),
            &sized(&self.extra_data),
            &self.clock.to_be_bytes(),
            &self.reset_count.to_be_bytes(),
            &self.restart_count.to_be_bytes(),
            &[self.safe],
            &self.firmware_version.to_be_bytes(),
            &banks.to_be_bytes(),
        ]
        .concat();
        for (algorithm, map) in &self.pcr_select {
            bytes.extend_from_slice(&algorithm.to_be_bytes());
            bytes.push(u8::try_from(map.len()).expect("a short map"));
            bytes.extend_from_slice(map);
        }
        bytes.extend_from_slice(&sized(&self.pcr_digest));
        bytes
    }
}

/// `TPMT_SIGNATURE` of RSASSA with SHA-256.
pub(super) fn signature(raw: &[u8]) -> Vec<u8> {
    [RSASSA.to_be_bytes().as_slice(), &SHA256.to_be_bytes(), &sized(raw)].concat()
}
