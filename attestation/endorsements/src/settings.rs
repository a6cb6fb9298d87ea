//! Where to ask, and within which bounds.

use std::time::Duration;

use cloister_attestation::publication::{Service, TcbUpdate};

use crate::limits::{REFRESH_INTERVAL_DEFAULT, REQUEST_TIMEOUT_DEFAULT};
use crate::origin::Origin;

/// Where one service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Never asked: only what is kept is used.
    Off,
    /// Asked there and nowhere else.
    At(Origin),
}

/// How a [`crate::Fetcher`] works. Nothing in here decides what is believed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// AMD's key distribution service.
    pub kds: Endpoint,
    /// Intel's provisioning certification service.
    pub pcs: Endpoint,
    /// Where the CRL of Intel's root is.
    pub intel_root: Endpoint,
    /// Which of Intel's evaluations is asked for.
    pub update: TcbUpdate,
    /// From looking up a host to the last byte of its answer.
    pub request_timeout: Duration,
    /// How long a document that is issued again and again is used before a newer one is asked for.
    pub refresh_interval: Duration,
}

impl Settings {
    /// The vendors' own services.
    #[must_use]
    pub fn vendors() -> Self {
        Self {
            kds: Endpoint::At(Origin::amd_kds()),
            pcs: Endpoint::At(Origin::intel_pcs()),
            intel_root: Endpoint::At(Origin::intel_root()),
            ..Self::offline()
        }
    }

    /// No service at all.
    #[must_use]
    pub const fn offline() -> Self {
        Self {
            kds: Endpoint::Off,
            pcs: Endpoint::Off,
            intel_root: Endpoint::Off,
            update: TcbUpdate::Standard,
            request_timeout: REQUEST_TIMEOUT_DEFAULT,
            refresh_interval: REFRESH_INTERVAL_DEFAULT,
        }
    }

    /// Whether any service is asked.
    #[must_use]
    pub fn is_online(&self) -> bool {
        [&self.kds, &self.pcs, &self.intel_root].into_iter().any(|at| *at != Endpoint::Off)
    }

    /// Where `service` is; `None` if it is not asked, or not known here.
    pub(crate) const fn origin(&self, service: Service) -> Option<&Origin> {
        let endpoint = match service {
            Service::Kds => &self.kds,
            Service::Pcs => &self.pcs,
            Service::IntelRoot => &self.intel_root,
            _ => return None,
        };
        match endpoint {
            Endpoint::Off => None,
            Endpoint::At(origin) => Some(origin),
        }
    }
}
