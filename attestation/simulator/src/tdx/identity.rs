//! QE identity, version 2, of the TD quoting enclave.
//!
//! SPEC: Intel PCS API version 4, `Get TDX QE Identity`.

use serde::Serialize;

use super::TdxGuest;
use super::quote::{QE_SIGNER, TD_QE_PROD_ID, TD_QE_SVN};
use super::tcb_info::{EVALUATION, ModuleTcb, TcbLevel};

/// Which quoting enclave may vouch for attestation keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are Intel's, under its names")]
pub struct QeIdentity {
    pub id: String,
    pub version: u32,
    pub issue_date: String,
    pub next_update: String,
    pub tcb_evaluation_data_number: u32,
    pub miscselect: String,
    pub miscselect_mask: String,
    pub attributes: String,
    pub attributes_mask: String,
    pub mrsigner: String,
    pub isvprodid: u16,
    pub tcb_levels: Vec<QeLevel>,
}

/// One TCB level of the quoting enclave.
pub type QeLevel = TcbLevel<QeTcb>;

/// The SVN of the quoting enclave.
pub type QeTcb = ModuleTcb;

impl QeIdentity {
    pub(super) fn of(guest: &TdxGuest) -> Self {
        let (issued, next) = guest.pki.valid_for_days(30);
        let level = |isvsvn, status: &str| QeLevel {
            tcb: QeTcb { isvsvn },
            tcb_date: issued.to_string(),
            tcb_status: status.to_owned(),
            advisory_ids: Vec::new(),
        };
        Self {
            id: "TD_QE".to_owned(),
            version: 2,
            issue_date: issued.to_string(),
            next_update: next.to_string(),
            tcb_evaluation_data_number: EVALUATION,
            miscselect: "00000000".to_owned(),
            miscselect_mask: "FFFFFFFF".to_owned(),
            attributes: "11000000000000000000000000000000".to_owned(),
            attributes_mask: "FBFFFFFFFFFFFFFF0000000000000000".to_owned(),
            mrsigner: hex::encode_upper(QE_SIGNER),
            isvprodid: TD_QE_PROD_ID,
            tcb_levels: vec![level(TD_QE_SVN, "UpToDate"), level(TD_QE_SVN - 2, "OutOfDate")],
        }
    }
}
