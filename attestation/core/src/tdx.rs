//! Intel TDX: quotes of version 4 and 5, their endorsements, and what is demanded of them.
//!
//! ```text
//!  bytes --Quote::parse--> Quote --verify--> VerifiedQuote --TdxPolicy::appraise--> checks
//!                                   ^
//!  JSON --Collateral::from_json--> Collateral --VerifiedCollateral::new--> VerifiedCollateral
//! ```
//!
//! [`verify`] does everything at once. A service that judges many quotes verifies the collateral
//! once ([`VerifiedCollateral`]), each platform once ([`VerifiedPlatform`]), and then each quote.
//!
//! What this module deliberately does not do: fetch collateral, judge an SGX enclave's quote, or
//! check the MAC of a local TDREPORT, which only the processor that made it can do.
//!
//! Read first: [`Quote`] and [`VerifiedQuote`].

mod auth_data;
mod chain;
mod claimed;
pub mod codes;
mod collateral;
mod error;
mod gap;
mod header;
mod level_order;
mod local_report;
mod machine_tcb;
mod pck;
mod platform;
pub mod policy;
mod qe_identity;
mod qe_report;
mod quote;
mod quoting_enclave;
pub mod roots;
mod status;
mod tcb;
mod tcb_info;
mod td_report;
mod verification;
mod verified;
mod verified_collateral;
mod window;

pub use auth_data::AuthData;
pub(crate) use claimed::claimed;
pub use collateral::{Collateral, CollateralError, SignedDocument};
pub use error::ParseError;
pub(crate) use gap::platform as short_of;
pub use header::Header;
pub use local_report::LocalReport;
pub use machine_tcb::TdxTcb;
pub use pck::PckExtension;
pub use platform::VerifiedPlatform;
pub(crate) use platform::{claimed_platform, pck_ca};
pub use policy::{AdvisoryDemand, TdxPolicy};
pub(crate) use qe_identity::QeIdentity;
pub use qe_report::QeReport;
pub use quote::Quote;
pub use status::TcbStatus;
pub(crate) use tcb::{Assessment, assess};
pub(crate) use tcb_info::{TcbInfo, TcbLevel, module_isvsvn, module_version};
pub use td_report::{TdReport, TdReport15, TdReport15Ex};
pub use verification::verify;
pub use verified::VerifiedQuote;
pub use verified_collateral::VerifiedCollateral;
pub(crate) use verified_collateral::verify_pck_crl;
