//! The TD report inside a quote: what the TDX module measured and the guest asked to have signed.

use crate::bytes::{Attributes, Digest48, Reader, ReportData, TeeTcbSvn};
use crate::tdx::error::ParseError;

/// Length of a TD report of TDX 1.0.
pub(super) const LEN_10: usize = 584;
/// Length of a TD report of TDX 1.5.
pub(super) const LEN_15: usize = 648;
/// Length of an extended TD report of TDX 1.5.
pub(super) const LEN_15_EX: usize = 885;

/// A TD report. Nothing in here is authenticated until the quote around it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdReport {
    tee_tcb_svn: TeeTcbSvn,
    mr_seam: Digest48,
    mr_signer_seam: Digest48,
    seam_attributes: Attributes,
    td_attributes: Attributes,
    xfam: Attributes,
    mr_td: Digest48,
    mr_config_id: Digest48,
    mr_owner: Digest48,
    mr_owner_config: Digest48,
    rtmr: [Digest48; 4],
    report_data: ReportData,
    td15: Option<TdReport15>,
    td15_ex: Option<TdReport15Ex>,
}

/// What TDX 1.5 adds to a TD report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TdReport15 {
    tee_tcb_svn_2: TeeTcbSvn,
    mr_service_td: Digest48,
}

/// What the extended form (quote body type 4) adds to a TD report of TDX 1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TdReport15Ex {
    vmid: u8,
    td_id: [u8; 32],
    dev_info: Digest48,
    init_service_td_hash: Digest48,
    init_service_td_attributes: Attributes,
    init_cpu_svn: [u8; 16],
    init_tee_tcb_svn: TeeTcbSvn,
    init_tee_fmspc: [u8; 12],
    cur_service_td_hash: Digest48,
    cur_service_td_attributes: Attributes,
}

const TRUNCATED: ParseError = ParseError::Truncated { what: "the TD report" };

fn digest(reader: &mut Reader<'_>) -> Result<Digest48, ParseError> {
    reader.array().map(Digest48::new).ok_or(TRUNCATED)
}

fn attributes(reader: &mut Reader<'_>) -> Result<Attributes, ParseError> {
    reader.array().map(Attributes::new).ok_or(TRUNCATED)
}

fn svn(reader: &mut Reader<'_>) -> Result<TeeTcbSvn, ParseError> {
    reader.array().map(TeeTcbSvn::new).ok_or(TRUNCATED)
}

impl TdReport {
    // SPEC: Intel TDX DCAP Quoting Library API, A.3.2 "TD Quote Body" (584 bytes, no padding).
    pub(super) fn read_10(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            tee_tcb_svn: svn(reader)?,
            mr_seam: digest(reader)?,
            mr_signer_seam: digest(reader)?,
            seam_attributes: attributes(reader)?,
            td_attributes: attributes(reader)?,
            xfam: attributes(reader)?,
            mr_td: digest(reader)?,
            mr_config_id: digest(reader)?,
            mr_owner: digest(reader)?,
            mr_owner_config: digest(reader)?,
            rtmr: [digest(reader)?, digest(reader)?, digest(reader)?, digest(reader)?],
            report_data: reader.array().map(ReportData::new).ok_or(TRUNCATED)?,
            td15: None,
            td15_ex: None,
        })
    }

    // SPEC: Intel TDX DCAP Quoting Library API, A.4 "TD Quote Body, TDX 1.5" (648 bytes).
    pub(super) fn read_15(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let base = Self::read_10(reader)?;
        let td15 = TdReport15 { tee_tcb_svn_2: svn(reader)?, mr_service_td: digest(reader)? };
        Ok(Self { td15: Some(td15), ..base })
    }

    // SPEC: Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t (885 bytes).
    pub(super) fn read_15_ex(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let base = Self::read_15(reader)?;
        let td15_ex = TdReport15Ex {
            vmid: reader.u8().ok_or(TRUNCATED)?,
            td_id: reader.array().ok_or(TRUNCATED)?,
            dev_info: digest(reader)?,
            init_service_td_hash: digest(reader)?,
            init_service_td_attributes: attributes(reader)?,
            init_cpu_svn: reader.array().ok_or(TRUNCATED)?,
            init_tee_tcb_svn: svn(reader)?,
            init_tee_fmspc: reader.array().ok_or(TRUNCATED)?,
            cur_service_td_hash: digest(reader)?,
            cur_service_td_attributes: attributes(reader)?,
        };
        Ok(Self { td15_ex: Some(td15_ex), ..base })
    }

    /// `TEE_TCB_SVN`: the TCB of the TDX module when the TD was launched.
    #[must_use]
    pub const fn tee_tcb_svn(&self) -> &TeeTcbSvn {
        &self.tee_tcb_svn
    }

    /// `MRSEAM`: measurement of the TDX module.
    #[must_use]
    pub const fn mr_seam(&self) -> &Digest48 {
        &self.mr_seam
    }

    /// `MRSIGNERSEAM`: signer of the TDX module; zero for Intel's.
    #[must_use]
    pub const fn mr_signer_seam(&self) -> &Digest48 {
        &self.mr_signer_seam
    }

    /// `SEAMATTRIBUTES`: attributes of the TDX module; zero for a production module.
    #[must_use]
    pub const fn seam_attributes(&self) -> &Attributes {
        &self.seam_attributes
    }

    /// `TDATTRIBUTES`: attributes of the TD, as received (little-endian).
    #[must_use]
    pub const fn td_attributes(&self) -> &Attributes {
        &self.td_attributes
    }

    /// `XFAM`: extended processor features that the TD may use, as received (little-endian).
    #[must_use]
    pub const fn xfam(&self) -> &Attributes {
        &self.xfam
    }

    /// `MRTD`: measurement of the TD's initial contents.
    #[must_use]
    pub const fn mr_td(&self) -> &Digest48 {
        &self.mr_td
    }

    /// `MRCONFIGID`: chosen by the host at launch.
    #[must_use]
    pub const fn mr_config_id(&self) -> &Digest48 {
        &self.mr_config_id
    }

    /// `MROWNER`: chosen by the host at launch.
    #[must_use]
    pub const fn mr_owner(&self) -> &Digest48 {
        &self.mr_owner
    }

    /// `MROWNERCONFIG`: chosen by the host at launch.
    #[must_use]
    pub const fn mr_owner_config(&self) -> &Digest48 {
        &self.mr_owner_config
    }

    /// `RTMR0` to `RTMR3`: what was measured while the TD ran.
    #[must_use]
    pub const fn rtmr(&self) -> &[Digest48; 4] {
        &self.rtmr
    }

    /// `REPORTDATA`: the 64 bytes that the guest asked to have signed.
    #[must_use]
    pub const fn report_data(&self) -> &ReportData {
        &self.report_data
    }

    /// The fields of TDX 1.5, where the body has them.
    #[must_use]
    pub const fn td15(&self) -> Option<&TdReport15> {
        self.td15.as_ref()
    }

    /// The fields of the extended form, where the body has them.
    #[must_use]
    pub const fn td15_ex(&self) -> Option<&TdReport15Ex> {
        self.td15_ex.as_ref()
    }
}

impl TdReport15 {
    /// `TEE_TCB_SVN_2`: the TCB of the TDX module now, after any TD-preserving update.
    #[must_use]
    pub const fn tee_tcb_svn_2(&self) -> &TeeTcbSvn {
        &self.tee_tcb_svn_2
    }

    /// `MRSERVICETD`: digest of the service TDs bound to this TD; zero for none.
    #[must_use]
    pub const fn mr_service_td(&self) -> &Digest48 {
        &self.mr_service_td
    }
}

impl TdReport15Ex {
    /// `VMID`: 0 for an unpartitioned TD or the L1 VMM.
    #[must_use]
    pub const fn vmid(&self) -> u8 {
        self.vmid
    }

    /// `TD_ID`: statistically unique to this launch of the TD.
    #[must_use]
    pub const fn td_id(&self) -> &[u8; 32] {
        &self.td_id
    }

    /// `DEV_INFO`: digest of the attached devices' information.
    #[must_use]
    pub const fn dev_info(&self) -> &Digest48 {
        &self.dev_info
    }

    /// Digest of the service TDs bound when the TD was created.
    #[must_use]
    pub const fn init_service_td_hash(&self) -> &Digest48 {
        &self.init_service_td_hash
    }

    /// Attributes of the service TD bound when the TD was created.
    #[must_use]
    pub const fn init_service_td_attributes(&self) -> &Attributes {
        &self.init_service_td_attributes
    }

    /// `CPUSVN` when the TD was created.
    #[must_use]
    pub const fn init_cpu_svn(&self) -> &[u8; 16] {
        &self.init_cpu_svn
    }

    /// `TEE_TCB_SVN` when the TD was created.
    #[must_use]
    pub const fn init_tee_tcb_svn(&self) -> &TeeTcbSvn {
        &self.init_tee_tcb_svn
    }

    /// Model information of the platform that the TD was created on.
    #[must_use]
    pub const fn init_tee_fmspc(&self) -> &[u8; 12] {
        &self.init_tee_fmspc
    }

    /// Digest of the service TDs bound now.
    #[must_use]
    pub const fn cur_service_td_hash(&self) -> &Digest48 {
        &self.cur_service_td_hash
    }

    /// Attributes of the service TD bound now.
    #[must_use]
    pub const fn cur_service_td_attributes(&self) -> &Attributes {
        &self.cur_service_td_attributes
    }
}
