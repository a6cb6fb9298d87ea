//! A real swtpm with nobody in front of it but this test.

use cloister_attestation::time::UnixTime;
use cloister_attestation::tpm::{Digest, HashAlgorithm};
use cloister_attester::tpm::{Command, Connect as _, Tpm};
use cloister_boot::tee::Vendor;
use cloister_boot::tools;
use cloister_boot::vtpm::Vtpm;
use cloister_simulator::Pki;

fn vtpm() -> Vtpm {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let vendor = Vendor::of(&Pki::from_seed("boot", UnixTime::from_secs(now.as_secs() - 60)));
    Vtpm::start(tools::swtpm().unwrap(), &vendor).unwrap()
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest::of(HashAlgorithm::Sha256, bytes)
}

#[test]
fn what_is_extended_is_quoted_and_the_trace_explains_it() {
    let vtpm = vtpm();
    assert_eq!(vtpm.quoted().unwrap().0[&4], Digest::Sha256([0; 32]));
    let digest = sha256(b"kernel");
    let extend = Command::new("TPM2_PCR_Extend", 0x182).authorized(4).u32(1).u16(11);
    Tpm::new(vtpm.tpm().connect().unwrap()).run(&extend.bytes(digest.as_bytes())).unwrap();
    let quoted = vtpm.quoted().unwrap();
    assert_eq!(quoted.0[&4], sha256(&[&[0; 32], digest.as_bytes()].concat()));
    let trace = vtpm.tpm().trace();
    assert_eq!(trace.of(4), [digest]);
    assert!(quoted.0.iter().all(|(pcr, value)| trace.explains(*pcr, value)));
    assert!(!trace.explains(9, &quoted.0[&4]));
}
