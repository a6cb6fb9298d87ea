//! What was measured, by name.

use core::fmt;

use crate::azure::AzureEvidence;
use crate::bytes::Digest48;
use crate::event_log::{EventLog, HashAlgorithm, Register, Registers};
use crate::evidence::Evidence;
use crate::reference::{LaunchShape, ReferenceTuple};
use crate::snp::Report;
use crate::tdx::TdReport;
use crate::tpm;

/// One measured or configured value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The specification's name.
    pub name: String,
    /// What it stands for.
    pub meaning: &'static str,
    /// The value in words or hex.
    pub value: String,
}

/// What one piece of Evidence, or one Reference Value, says was measured.
#[derive(Clone, Debug)]
pub struct Measured<'a> {
    pub(super) fields: Vec<Field>,
    pub(super) registers: Option<Registers>,
    pub(super) log: Option<&'a EventLog>,
}

impl<'a> Measured<'a> {
    /// What `evidence` says, as received.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        match evidence {
            Evidence::Snp(report) => Self::new(snp(report), None),
            Evidence::Tdx(quote) => {
                let td = quote.td_report();
                Self::new(tdx(td), Some(Registers::from_rtmrs(td.rtmr())))
            }
            Evidence::Azure(azure) => Self::azure(azure),
        }
    }

    /// What a Reference Value expects.
    #[must_use]
    pub fn expected(tuple: &ReferenceTuple) -> Self {
        let (mut fields, registers) = pinned(&tuple.shape);
        fields.push(manifest(&tuple.manifest));
        Self::new(fields, registers)
    }

    /// What a log alone says in `bank`; `None` if it cannot be replayed in it.
    #[must_use]
    pub fn of_log(log: &'a EventLog, bank: HashAlgorithm) -> Option<Self> {
        let registers = log.replay(bank)?;
        Some(Self { fields: Vec::new(), registers: Some(registers), log: Some(log) })
    }

    /// With the manifest that came with the Evidence.
    #[must_use]
    pub fn with_manifest(mut self, digest: &Digest48) -> Self {
        self.fields.push(manifest(digest));
        self
    }

    /// With the log that explains the registers.
    #[must_use]
    pub const fn with_log(mut self, log: &'a EventLog) -> Self {
        self.log = Some(log);
        self
    }

    const fn new(fields: Vec<Field>, registers: Option<Registers>) -> Self {
        Self { fields, registers, log: None }
    }

    /// The hardware measured the paravisor; the virtual TPM speaks for the guest.
    fn azure(evidence: &AzureEvidence) -> Self {
        let hardware = Self::of(evidence.hardware());
        let fields = of_paravisor(hardware.fields, hardware.registers.as_ref());
        let pcrs = evidence.quote().pcrs();
        let mut registers = Registers::new(match pcrs.selection().bank() {
            tpm::HashAlgorithm::Sha256 => HashAlgorithm::Sha256,
            tpm::HashAlgorithm::Sha384 => HashAlgorithm::Sha384,
        });
        for (index, value) in pcrs.iter() {
            registers.set(Register::Pcr(index), value.as_bytes());
        }
        Self::new(fields, Some(registers))
    }
}

fn field(name: &str, meaning: &'static str, value: impl fmt::Display) -> Field {
    Field { name: name.to_owned(), meaning, value: value.to_string() }
}

/// The hardware's fields and registers, which are about the paravisor and not the guest.
fn of_paravisor(mut fields: Vec<Field>, rtmrs: Option<&Registers>) -> Vec<Field> {
    let rtmrs = rtmrs.into_iter().flat_map(Registers::iter);
    fields.extend(rtmrs.map(|(register, value)| {
        field(&register.to_string(), "what the paravisor measured", value)
    }));
    for field in &mut fields {
        field.name = format!("paravisor {}", field.name);
    }
    fields
}

fn manifest(digest: &Digest48) -> Field {
    field("manifest", "the manifest inside the image", digest)
}

const LAUNCH_DIGEST: &str =
    "the launch: firmware, kernel, initrd and command line, vCPU count and type";
const HOST_DATA: &str = "what the host passed to the guest at launch";
const MRTD: &str = "the TD's firmware as launched";
const CONFIG: &str = "set by the host at launch";

// Without what differs from one report to the next or between machines: REPORT_DATA, REPORT_ID,
// CHIP_ID.
fn snp(report: &Report) -> Vec<Field> {
    let id_block = "from the ID block that the guest was launched with";
    vec![
        field("MEASUREMENT", LAUNCH_DIGEST, report.measurement()),
        field("HOST_DATA", HOST_DATA, report.host_data()),
        field("POLICY", "what the guest demands of the platform", report.policy()),
        field("VMPL", "the privilege level that asked", report.vmpl()),
        field("GUEST_SVN", id_block, report.guest_svn()),
        field("FAMILY_ID", id_block, report.family_id()),
        field("IMAGE_ID", id_block, report.image_id()),
        field("ID_KEY_DIGEST", id_block, report.id_key_digest()),
        field("AUTHOR_KEY_DIGEST", id_block, report.author_key_digest()),
        field("PLATFORM_INFO", "the platform's configuration", report.platform_info()),
        field("REPORTED_TCB", "firmware and microcode", report.reported_tcb()),
        field("LAUNCH_TCB", "firmware and microcode at launch", report.launch_tcb()),
    ]
}

fn tdx(td: &TdReport) -> Vec<Field> {
    let mut fields = vec![
        field("MRTD", MRTD, td.mr_td()),
        field("MRCONFIGID", CONFIG, td.mr_config_id()),
        field("MROWNER", CONFIG, td.mr_owner()),
        field("MROWNERCONFIG", CONFIG, td.mr_owner_config()),
        field("TDATTRIBUTES", "attributes of the TD", td.td_attributes()),
        field("XFAM", "processor features that the TD may use", td.xfam()),
        field("MRSEAM", "the TDX module", td.mr_seam()),
        field("MRSIGNERSEAM", "who signed the TDX module", td.mr_signer_seam()),
        field("TEE_TCB_SVN", "TDX module and its loader", td.tee_tcb_svn()),
    ];
    if let Some(td15) = td.td15() {
        fields.push(field("MRSERVICETD", "service TDs bound to it", td15.mr_service_td()));
    }
    fields
}

/// Only what a Reference Value pins.
fn pinned(shape: &LaunchShape) -> (Vec<Field>, Option<Registers>) {
    match shape {
        LaunchShape::Snp { measurement, host_data } => {
            let fields = vec![
                field("MEASUREMENT", LAUNCH_DIGEST, measurement),
                field("HOST_DATA", HOST_DATA, host_data),
            ];
            (fields, None)
        }
        LaunchShape::Tdx { mr_td, rtmr, mr_config_id, mr_owner, mr_owner_config } => {
            let fields = vec![
                field("MRTD", MRTD, mr_td),
                field("MRCONFIGID", CONFIG, mr_config_id),
                field("MROWNER", CONFIG, mr_owner),
                field("MROWNERCONFIG", CONFIG, mr_owner_config),
            ];
            (fields, Some(Registers::from_rtmrs(rtmr)))
        }
        LaunchShape::Azure { paravisor, pcrs } => {
            let (fields, rtmrs) = pinned(paravisor);
            let mut registers = Registers::new(HashAlgorithm::Sha256);
            if pcrs.bank() == Some(tpm::HashAlgorithm::Sha384) {
                registers = Registers::new(HashAlgorithm::Sha384);
            }
            for (pcr, value) in pcrs.iter() {
                registers.set(Register::Pcr(pcr.index()), value.as_bytes());
            }
            (of_paravisor(fields, rtmrs.as_ref()), Some(registers))
        }
    }
}
