//! Client of a simulator. Holds no key: it asks, as it would ask hardware.
//!
//! ```text
//! request   "cloister-sim/1\n", 64 bytes REPORT_DATA
//! response  0, tee (1 SNP, 2 TDX), u32 length, hardware evidence, u32 length, certificate table
//!           1, u32 length, message in UTF-8
//! ```
//! Lengths are big-endian. One request a connection to a socket; through the serial port of a
//! virtual machine, one after the other.

mod port;

use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use cloister_attestation::bytes::ReportData;
use cloister_attestation::evidence::Tee;
use cloister_attestation::limits::{ENDORSEMENT_BYTES_MAX, HARDWARE_EVIDENCE_BYTES_MAX};

use crate::error::AttesterError;
use crate::limits::{SIMULATOR_MESSAGE_BYTES_MAX, SIMULATOR_PATIENCE};
use port::Port;

const GREETING: &[u8] = b"cloister-sim/1\n";

/// A simulator that has answered once.
#[derive(Debug)]
pub(crate) struct Simulator {
    place: PathBuf,
    way: Way,
}

/// How to reach it.
#[derive(Debug)]
enum Way {
    /// A Unix socket of this machine.
    Socket,
    /// A serial port, behind which is the host of this virtual machine.
    Port(Port),
}

/// What a simulator answered. Nothing in it has been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimulatorAnswer {
    /// The TEE that is simulated.
    pub tee: Tee,
    /// A report or quote.
    pub hardware: Vec<u8>,
    /// The certificate table; empty where there is none.
    pub certificates: Vec<u8>,
}

impl Simulator {
    /// Asks once, to learn which TEE is simulated.
    pub(crate) fn open(place: &Path) -> Result<(Self, Tee), AttesterError> {
        let place = port::device(place);
        let is_port = std::fs::metadata(&place).is_ok_and(|it| it.file_type().is_char_device());
        let way = if is_port { Way::Port(Port::new(&place)) } else { Way::Socket };
        let simulator = Self { place, way };
        let answer = simulator.ask(&ReportData::new([0; 64]))?;
        Ok((simulator, answer.tee))
    }

    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    pub(crate) fn collect(
        &self,
        report_data: &ReportData,
        tee: Tee,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), AttesterError> {
        let answer = self.ask(report_data)?;
        if answer.tee != tee {
            return Err(protocol(format!("it was {tee} when opened and now is {}", answer.tee)));
        }
        Ok((answer.hardware, Some(answer.certificates)))
    }

    fn ask(&self, report_data: &ReportData) -> Result<SimulatorAnswer, AttesterError> {
        let request = [GREETING, report_data.as_bytes()].concat();
        match &self.way {
            Way::Socket => {
                let mut stream = self.connect().map_err(|error| self.unreachable(error))?;
                self.exchange(&mut stream, &request)
            }
            Way::Port(port) => port.with(|line| match line {
                Ok(mut line) => self.exchange(&mut line, &request),
                Err(error) => Err(self.unreachable(error)),
            }),
        }
    }

    fn exchange(
        &self,
        stream: &mut (impl Read + Write),
        request: &[u8],
    ) -> Result<SimulatorAnswer, AttesterError> {
        stream.write_all(request).map_err(|error| self.unreachable(error))?;
        SimulatorAnswer::read(stream)
    }

    fn connect(&self) -> io::Result<UnixStream> {
        let stream = UnixStream::connect(&self.place)?;
        stream.set_read_timeout(Some(SIMULATOR_PATIENCE))?;
        stream.set_write_timeout(Some(SIMULATOR_PATIENCE))?;
        Ok(stream)
    }

    fn unreachable(&self, source: io::Error) -> AttesterError {
        AttesterError::SimulatorUnreachable { socket: self.place.clone(), source }
    }
}

impl SimulatorAnswer {
    /// Reads an answer as it comes.
    ///
    /// # Errors
    /// [`AttesterError::SimulatorProtocol`] if it ends early, has an unknown value or a field that
    /// is too long, or says why there is no Evidence.
    pub fn read(stream: &mut impl Read) -> Result<Self, AttesterError> {
        match byte(stream)? {
            0 => Ok(Self {
                tee: tee(byte(stream)?)?,
                hardware: field(stream, HARDWARE_EVIDENCE_BYTES_MAX)?,
                certificates: field(stream, ENDORSEMENT_BYTES_MAX)?,
            }),
            1 => {
                let message = field(stream, SIMULATOR_MESSAGE_BYTES_MAX)?;
                Err(protocol(format!("it says {:?}", String::from_utf8_lossy(&message))))
            }
            other => Err(protocol(format!("status {other} is unknown"))),
        }
    }
}

fn tee(value: u8) -> Result<Tee, AttesterError> {
    match value {
        1 => Ok(Tee::Snp),
        2 => Ok(Tee::Tdx),
        other => Err(protocol(format!("TEE {other} is unknown"))),
    }
}

fn byte(stream: &mut impl Read) -> Result<u8, AttesterError> {
    let [byte] = array(stream)?;
    Ok(byte)
}

fn field(stream: &mut impl Read, max: usize) -> Result<Vec<u8>, AttesterError> {
    let length = u32::from_be_bytes(array(stream)?);
    let length = usize::try_from(length).ok().filter(|length| *length <= max);
    let Some(length) = length else {
        return Err(protocol(format!("a field is longer than {max} bytes")));
    };
    let mut content = vec![0; length];
    stream.read_exact(&mut content).map_err(|error| cut(&error))?;
    Ok(content)
}

fn array<const N: usize>(stream: &mut impl Read) -> Result<[u8; N], AttesterError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).map_err(|error| cut(&error))?;
    Ok(bytes)
}

fn cut(error: &io::Error) -> AttesterError {
    protocol(format!("the answer ends early: {error}"))
}

fn protocol(reason: String) -> AttesterError {
    AttesterError::SimulatorProtocol { reason }
}

#[cfg(test)]
mod tests {
    use super::SimulatorAnswer;
    use crate::error::AttesterError;

    fn refused(bytes: &[u8]) -> bool {
        matches!(SimulatorAnswer::read(&mut &*bytes), Err(AttesterError::SimulatorProtocol { .. }))
    }

    #[test]
    fn answers_read_back() {
        let bytes = [0, 2, 0, 0, 0, 3, 7, 8, 9, 0, 0, 0, 0];
        let answer = SimulatorAnswer::read(&mut bytes.as_slice()).unwrap();
        assert_eq!((answer.hardware, answer.certificates), (vec![7, 8, 9], vec![]));
        for length in 0..bytes.len() {
            assert!(refused(&bytes[..length]), "{length}");
        }
    }

    #[test]
    fn unknown_values_and_oversized_fields_are_refused() {
        assert!(refused(&[2]));
        assert!(refused(&[0, 3, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert!(refused(&[0, 1, 0xff, 0xff, 0xff, 0xff]));
        assert!(refused(&[1, 0, 0, 4, 1]));
    }

    #[test]
    fn a_refusal_carries_its_message() {
        let error =
            SimulatorAnswer::read(&mut [1, 0, 0, 0, 2, b'n', b'o'].as_slice()).err().unwrap();
        assert!(error.to_string().contains("\"no\""), "{error}");
    }
}
