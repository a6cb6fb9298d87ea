//! QE identity: Intel's statement about its TD quoting enclave.

use serde::{Deserialize, Deserializer};

use crate::bytes::hex;
use crate::tdx::level_order::highest_first;
use crate::tdx::status::TcbStatus;
use crate::text;
use crate::time::{UnixTime, rfc3339};

/// The parsed document.
// SPEC: Intel Trusted Services API, Get TDX QE Identity V4, EnclaveIdentityV2.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QeIdentity {
    pub(crate) id: String,
    pub(crate) version: u32,
    #[serde(deserialize_with = "rfc3339")]
    pub(crate) issue_date: UnixTime,
    #[serde(deserialize_with = "rfc3339")]
    pub(crate) next_update: UnixTime,
    pub(crate) tcb_evaluation_data_number: u32,
    #[serde(deserialize_with = "bytes")]
    pub(crate) miscselect: [u8; 4],
    #[serde(deserialize_with = "bytes")]
    pub(crate) miscselect_mask: [u8; 4],
    #[serde(deserialize_with = "bytes")]
    pub(crate) attributes: [u8; 16],
    #[serde(deserialize_with = "bytes")]
    pub(crate) attributes_mask: [u8; 16],
    #[serde(deserialize_with = "bytes")]
    pub(crate) mrsigner: [u8; 32],
    pub(crate) isvprodid: u16,
    pub(crate) tcb_levels: Vec<QeTcbLevel>,
}

/// One TCB level of the quoting enclave.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QeTcbLevel {
    pub(crate) tcb: QeTcb,
    #[serde(deserialize_with = "rfc3339")]
    pub(crate) tcb_date: UnixTime,
    pub(crate) tcb_status: TcbStatus,
    #[serde(default, rename = "advisoryIDs")]
    pub(crate) advisory_ids: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct QeTcb {
    pub(crate) isvsvn: u16,
}

/// Hex of exactly `N` bytes, in either case.
fn bytes<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    text::read(deserializer, |text| {
        hex::array(text).ok_or_else(|| format!("`{text}` is not hex of {N} bytes"))
    })
}

impl QeIdentity {
    /// Reads the document and puts its levels in order, highest first.
    pub(crate) fn parse(body: &str) -> Result<Self, String> {
        let mut identity: Self = serde_json::from_str(body).map_err(|e| e.to_string())?;
        if let Some(level) =
            identity.tcb_levels.iter().find(|level| !level.tcb_status.is_component_status())
        {
            return Err(format!("a TCB level has the status {}", level.tcb_status));
        }
        highest_first(&mut identity.tcb_levels, |level| level.tcb.isvsvn)?;
        Ok(identity)
    }

    /// The highest level that a quoting enclave of this `isv_svn` meets.
    pub(crate) fn level_of(&self, isv_svn: u16) -> Option<&QeTcbLevel> {
        self.tcb_levels.iter().find(|level| isv_svn >= level.tcb.isvsvn)
    }
}
