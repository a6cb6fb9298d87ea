//! The paravisor's work on a real TPM: what Azure's does before the guest starts.
//!
//! ```text
//!  TPM2_Startup -> attestation key at 0x81000003 -> HCL report that names it -> NV 0x01400001
//! ```
//! The TPM is software and so is the root of the hardware's report: whoever looks sees a virtual
//! machine whose id starts with `simulator-`, and no policy that demands a vendor's root accepts it.
//!
//! SPEC: TPM 2.0 Part 2 and Part 3; OpenHCL `tpm_protocol`, `expected_ak_attributes`.

use cloister_attestation::tpm::PublicArea;
use cloister_attester::tpm::{Command, Tpm, TpmError, Transport};

use super::runtime::Claims;
use super::{AzureGuest, sized};

/// Where the paravisor leaves the attestation key.
const KEY: u32 = 0x8100_0003;
/// Where it leaves the HCL report.
const REPORT_INDEX: u32 = 0x0140_0001;
/// What an index of libtpms can hold: less than one of Azure's.
const NV_BYTES: usize = 2048;
/// Bytes that any TPM takes at a time.
const PIECE_BYTES: usize = 512;

// SPEC: TPM 2.0 Part 2, section 7.4, TPM_RH.
const OWNER: u32 = 0x4000_0001;
const ENDORSEMENT: u32 = 0x4000_000b;

// SPEC: TPM 2.0 Part 2, section 6.3, TPM_ALG_ID.
const RSA: u16 = 0x0001;
const SHA256: u16 = 0x000b;
const NULL: u16 = 0x0010;
const RSASSA: u16 = 0x0014;

/// `fixedTPM`, `fixedParent`, `sensitiveDataOrigin`, `userWithAuth`, `noDA`, `restricted`, `sign`.
// SPEC: TPM 2.0 Part 2, section 8.3, TPMA_OBJECT.
const ATTRIBUTES: u32 = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 10 | 1 << 16 | 1 << 18;

/// `OWNERWRITE`, `OWNERREAD`, `AUTHREAD`, `NO_DA`.
// SPEC: TPM 2.0 Part 2, section 13.4, TPMA_NV.
const NV_ATTRIBUTES: u32 = 1 << 1 | 1 << 17 | 1 << 18 | 1 << 25;

impl AzureGuest {
    /// Makes a new TPM the virtual TPM of this guest: its attestation key and HCL report. The PCRs
    /// are the TPM's own from then on, and the hooks for the HCL report apply.
    ///
    /// The TPM may have been started already. What was made survives its reset.
    ///
    /// # Errors
    /// [`TpmError`]; also if the TPM was provisioned before.
    ///
    /// # Panics
    /// If the TPM answers with another kind of key than it was asked for.
    pub fn provision(&self, tpm: &mut Tpm<impl Transport>) -> Result<(), TpmError> {
        start(tpm)?;
        make_key(tpm)?;
        let public = PublicArea::parse(&tpm.read_public(KEY)?).expect("the key that was made");
        let modulus = public.key().modulus().expect("an RSA key");
        let claims = Claims {
            attestation: modulus,
            // Leaves room for the rest in a smaller index.
            endorsement: None,
            vm_unique_id: &format!("simulator-{}", self.vm_unique_id),
            secure_boot: self.secure_boot,
        };
        let (_, report) = self.report(&claims, NV_BYTES);
        define(tpm, report.len())?;
        write(tpm, &report)
    }
}

/// `TPM2_Startup(TPM_SU_CLEAR)`, unless somebody was faster.
// SPEC: TPM 2.0 Part 3, section 9.3: TPM_RC_INITIALIZE.
fn start(tpm: &mut Tpm<impl Transport>) -> Result<(), TpmError> {
    match tpm.run(&Command::new("TPM2_Startup", 0x144).u16(0)) {
        Err(TpmError::Refused { code, .. }) if code.is_already_started() => Ok(()),
        started => started.map(drop),
    }
}

// SPEC: TPM 2.0 Part 3, sections 24.1, 28.5 and 28.4.
fn make_key(tpm: &mut Tpm<impl Transport>) -> Result<(), TpmError> {
    let create = Command::new("TPM2_CreatePrimary", 0x131)
        .authorized(ENDORSEMENT)
        .returning_handle()
        .bytes(&sized(&[0; 4]))
        .bytes(&sized(&template()))
        .u16(0)
        .u32(0);
    let key = tpm.run(&create)?.handle().expect("a command that returns a handle");
    let persist = Command::new("TPM2_EvictControl", 0x120).authorized(OWNER).handle(key).u32(KEY);
    tpm.run(&persist)?;
    tpm.run(&Command::new("TPM2_FlushContext", 0x165).handle(key)).map(drop)
}

/// `TPMT_PUBLIC` of an RSA key of 2048 bits for RSASSA with SHA-256.
// SPEC: TPM 2.0 Part 2, sections 12.2.4 and 12.2.3.5.
fn template() -> Vec<u8> {
    let halves = |values: &[u16]| values.iter().flat_map(|it| it.to_be_bytes()).collect::<Vec<_>>();
    [
        halves(&[RSA, SHA256]),
        ATTRIBUTES.to_be_bytes().to_vec(),
        halves(&[0, NULL, RSASSA, SHA256, 2048, 0, 0, 0]),
    ]
    .concat()
}

// SPEC: TPM 2.0 Part 3, section 31.3; Part 2, section 13.5, TPMS_NV_PUBLIC.
fn define(tpm: &mut Tpm<impl Transport>, bytes: usize) -> Result<(), TpmError> {
    let size = u16::try_from(bytes).expect("a report has kilobytes");
    let public = [
        REPORT_INDEX.to_be_bytes().as_slice(),
        &SHA256.to_be_bytes(),
        &NV_ATTRIBUTES.to_be_bytes(),
        &[0, 0],
        &size.to_be_bytes(),
    ]
    .concat();
    let define = Command::new("TPM2_NV_DefineSpace", 0x12a).authorized(OWNER).u16(0);
    tpm.run(&define.bytes(&sized(&public))).map(drop)
}

// SPEC: TPM 2.0 Part 3, section 31.7.
fn write(tpm: &mut Tpm<impl Transport>, report: &[u8]) -> Result<(), TpmError> {
    for (number, piece) in report.chunks(PIECE_BYTES).enumerate() {
        let offset = u16::try_from(number * PIECE_BYTES).expect("a report has kilobytes");
        let write = Command::new("TPM2_NV_Write", 0x137).authorized(OWNER).handle(REPORT_INDEX);
        tpm.run(&write.bytes(&sized(piece)).u16(offset))?;
    }
    Ok(())
}
