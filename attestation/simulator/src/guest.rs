//! A guest of either kind, as the socket server and the configfs stand-in serve it.

use cloister_attestation::bytes::ReportData;
use cloister_attestation::evidence::Tee;
use cloister_attestation::snp::Product;

use crate::image::ProcessImage;
use crate::pki::Pki;
use crate::snp::SnpGuest;
use crate::tdx::TdxGuest;

/// A simulated guest.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a process has one or two of them")]
pub enum Guest {
    /// On AMD SEV-SNP.
    Snp(SnpGuest),
    /// On Intel TDX.
    Tdx(TdxGuest),
}

impl Guest {
    /// An SEV-SNP guest that was launched from `image`.
    #[must_use]
    pub fn snp(pki: &Pki, product: Product, image: &ProcessImage) -> Self {
        Self::Snp(SnpGuest::new(pki, product).with_measurement(image.launch_digest()))
    }

    /// A TDX guest that was launched from `image`.
    #[must_use]
    pub fn tdx(pki: &Pki, image: &ProcessImage) -> Self {
        let guest = TdxGuest::new(pki).with_measurements(image.mr_td(), image.rtmr());
        Self::Tdx(guest.with_event_log(image.event_log()))
    }

    /// Which TEE.
    #[must_use]
    pub const fn tee(&self) -> Tee {
        match self {
            Self::Snp(_) => Tee::Snp,
            Self::Tdx(_) => Tee::Tdx,
        }
    }

    /// A signed report or quote.
    #[must_use]
    pub fn evidence(&self, report_data: &ReportData) -> Vec<u8> {
        match self {
            Self::Snp(guest) => guest.report(report_data),
            Self::Tdx(guest) => guest.quote(report_data),
        }
    }

    /// The firmware's event log, where the TEE has one.
    #[must_use]
    pub fn event_log(&self) -> Option<Vec<u8>> {
        match self {
            Self::Snp(_) => None,
            Self::Tdx(guest) => guest.event_log(),
        }
    }

    /// The host's certificate table, where the TEE has one.
    #[must_use]
    pub fn certificates(&self) -> Option<Vec<u8>> {
        match self {
            Self::Snp(guest) => Some(guest.certificate_table()),
            Self::Tdx(_) => None,
        }
    }
}

impl From<SnpGuest> for Guest {
    fn from(guest: SnpGuest) -> Self {
        Self::Snp(guest)
    }
}

impl From<TdxGuest> for Guest {
    fn from(guest: TdxGuest) -> Self {
        Self::Tdx(guest)
    }
}
