//! Every security version number that Intel judges a quote by.

use serde::{Deserialize, Serialize};

use crate::bytes::{SgxTcbSvn, TeeTcbSvn};
use crate::tdx::td_report::TdReport15;
use crate::tdx::verified::VerifiedQuote;

/// The security version numbers of a platform, and of one TD's launch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdxTcb {
    /// SGX TCB component SVNs, of the PCK certificate.
    pub sgx_components: SgxTcbSvn,
    /// `PCESVN`, of the PCK certificate.
    pub pce_svn: u16,
    /// `TEE_TCB_SVN`: TDX module and microcode when the TD was launched.
    pub tee_tcb_svn: TeeTcbSvn,
    /// `TEE_TCB_SVN_2`: the same when the quote was made, where the report says it.
    pub tee_tcb_svn_2: Option<TeeTcbSvn>,
    /// `ISVSVN` of the quoting enclave.
    pub qe_isv_svn: u16,
}

impl TdxTcb {
    /// Those of a verified quote.
    #[must_use]
    pub fn of(verified: &VerifiedQuote) -> Self {
        let (quote, pck) = (verified.quote(), verified.pck());
        let td = quote.td_report();
        Self {
            sgx_components: SgxTcbSvn::new(*pck.sgx_components()),
            pce_svn: pck.pce_svn(),
            tee_tcb_svn: *td.tee_tcb_svn(),
            tee_tcb_svn_2: td.td15().map(TdReport15::tee_tcb_svn_2).copied(),
            qe_isv_svn: quote.auth_data().qe_report().isv_svn(),
        }
    }
}
