//! A described event log (CCEL), and the registers that it gives.
//!
//! Everything can be said, also what no firmware would say: a test changes events, lengths and
//! digests and sees that the Verifier notices.

use cloister_attestation::bytes::Digest48;

/// One event. Its digest is whatever it is set to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CcelEvent {
    /// `pcrIndex`: 1 to 4 for `RTMR0` to `RTMR3`.
    pub index: u32,
    /// `eventType`.
    pub event_type: u32,
    /// The SHA-384 digest.
    pub digest: Digest48,
    /// `event`.
    pub payload: Vec<u8>,
}

/// A log in the crypto-agile format with one SHA-384 bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ccel {
    /// The events in order, without the header.
    pub events: Vec<CcelEvent>,
    /// Bytes of 0xff behind the last event.
    pub padding: usize,
}

/// `EV_EVENT_TAG`, for which the log holds a name and the digest is of the thing itself.
const EVENT_TAG: u32 = 6;

/// `EV_NO_ACTION`, the type of the header.
const NO_ACTION: u32 = 3;

/// Tag of the simulator's own events.
const TAG: u32 = 0x7369_6d21;

/// `TPM_ALG_SHA384`.
const SHA384: u16 = 0x000c;

impl Default for Ccel {
    fn default() -> Self {
        Self { events: Vec::new(), padding: 512 }
    }
}

impl Ccel {
    /// Adds an event whose digest is the hash of its payload.
    #[must_use]
    pub fn measuring(mut self, rtmr: u8, event_type: u32, payload: &[u8]) -> Self {
        let (index, digest) = (u32::from(rtmr) + 1, Digest48::sha384(payload));
        self.events.push(CcelEvent { index, event_type, digest, payload: payload.to_vec() });
        self
    }

    /// Adds an event that only names what has this digest.
    #[must_use]
    pub fn naming(mut self, rtmr: u8, name: &str, digest: Digest48) -> Self {
        let len = u32::try_from(name.len()).expect("a name is short");
        let payload = [&TAG.to_le_bytes(), &len.to_le_bytes(), name.as_bytes()].concat();
        let index = u32::from(rtmr) + 1;
        self.events.push(CcelEvent { index, event_type: EVENT_TAG, digest, payload });
        self
    }

    /// `RTMR0` to `RTMR3` after these events; indexes that are no register's change nothing.
    ///
    /// SPEC: TDX module ABI 348551, `TDG.MR.RTMR.EXTEND`: SHA-384 over register and extension.
    #[must_use]
    pub fn rtmr(&self) -> [Digest48; 4] {
        let mut registers = [Digest48::new([0; 48]); 4];
        for event in &self.events {
            let register = usize::try_from(event.index).ok().and_then(|index| index.checked_sub(1));
            if let Some(value) = register.and_then(|register| registers.get_mut(register)) {
                *value = Digest48::sha384(
                    &[value.as_bytes().as_slice(), event.digest.as_bytes()].concat(),
                );
            }
        }
        registers
    }

    /// The log as firmware lays it out.
    ///
    /// SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.2.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut log = header();
        for event in &self.events {
            log.extend_from_slice(&event.index.to_le_bytes());
            log.extend_from_slice(&event.event_type.to_le_bytes());
            log.extend_from_slice(&1_u32.to_le_bytes());
            log.extend_from_slice(&SHA384.to_le_bytes());
            log.extend_from_slice(event.digest.as_bytes());
            log.extend_from_slice(&length(&event.payload));
            log.extend_from_slice(&event.payload);
        }
        log.resize(log.len() + self.padding, 0xff);
        log
    }
}

/// `TCG_PCClientPCREvent` with a `TCG_EfiSpecIDEvent` of one bank.
fn header() -> Vec<u8> {
    let [minor, major, errata, uintn] = [0, 2, 0, 2];
    let spec_id = [
        b"Spec ID Event03\0".as_slice(),
        &0_u32.to_le_bytes(),
        &[minor, major, errata, uintn],
        &1_u32.to_le_bytes(),
        &SHA384.to_le_bytes(),
        &48_u16.to_le_bytes(),
        &[0],
    ]
    .concat();
    let start = [1_u32.to_le_bytes(), NO_ACTION.to_le_bytes()].concat();
    [start.as_slice(), &[0; 20], &length(&spec_id), &spec_id].concat()
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).expect("a log is small").to_le_bytes()
}
