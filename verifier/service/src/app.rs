//! The service's parts, as both surfaces use them.

use std::sync::Arc;

use cloister_endorsements::Fetcher;

use crate::admission::Admission;
use crate::checkpoints::Checkpoints;
use crate::clock::Clock;
use crate::error::ServiceError;
use crate::metrics::{Metrics, Readings};
use crate::operations::Operations;
use crate::publications::Publications;
use crate::registry::Registry;
use crate::state::Keys;
use crate::store::Store;
use crate::trust::Trust;

/// Everything that requests are answered from. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) admission: Arc<Admission>,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) registry: Registry,
    pub(crate) operations: Operations,
    pub(crate) publications: Publications,
    pub(crate) trust: Trust,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) keys: Arc<Keys>,
    pub(crate) fetcher: Fetcher,
}

impl App {
    /// Lets through whoever shows the operator's token in an `Authorization` header's value.
    ///
    /// SPEC: RFC 6750 section 2.1; RFC 9110 section 11.1: the scheme's case does not matter.
    pub(crate) fn authorize(&self, header: Option<&[u8]>) -> Result<(), ServiceError> {
        const SCHEME: &[u8] = b"bearer ";
        let (scheme, token) = header
            .and_then(|header| header.split_at_checked(SCHEME.len()))
            .ok_or(ServiceError::Operator)?;
        let bearer = scheme.eq_ignore_ascii_case(SCHEME);
        if bearer && self.keys.operator.matches(token) {
            Ok(())
        } else {
            Err(ServiceError::Operator)
        }
    }

    /// Everything that is counted, as text.
    pub(crate) async fn rendered_metrics(&self) -> Result<String, ServiceError> {
        let leases_live = self.store.leases_live(self.clock.now()).await?;
        let fetching = self.fetcher.tally();
        let reuses = self.admission.reuses();
        let conflicts = self.store.conflicts().await?;
        Ok(self.metrics.render(&Readings { leases_live, fetching, reuses, conflicts }))
    }
}
