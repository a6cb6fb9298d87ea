//! Asking the vendors, or their mirrors, where the command line says so.

use std::sync::Arc;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bytes::Fmspc;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::publication::{Need, TcbUpdate};
use cloister_attestation::tdx::Collateral;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, verify};
use cloister_endorsements::{Completion, Endpoint, FetchError, Fetcher, MemoryStore, Settings};
use tokio::runtime::Runtime;

use super::error::CommandError;
use crate::arguments::FetchArguments;

/// A fetcher, with what it runs on.
pub(crate) struct Online {
    fetcher: Fetcher,
    runtime: Runtime,
    anchors: Anchors,
}

impl Online {
    /// `None` where nothing is to be fetched.
    pub(crate) fn new(
        arguments: &FetchArguments,
        update: TcbUpdate,
        anchors: &Anchors,
    ) -> Result<Option<Self>, CommandError> {
        if !arguments.fetch {
            return Ok(None);
        }
        let mut settings = Settings::vendors();
        settings.update = update;
        if let Some(origin) = &arguments.kds {
            settings.kds = Endpoint::At(origin.clone());
        }
        if let Some(origin) = &arguments.pcs {
            settings.pcs = Endpoint::At(origin.clone());
            settings.intel_root = Endpoint::At(origin.clone());
        }
        let fetcher = Fetcher::new(settings, anchors.clone(), Arc::new(MemoryStore::default()))
            .map_err(|error| CommandError::Fetch { source: error.into() })?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::Fetch { source: error.into() })?;
        Ok(Some(Self { fetcher, runtime, anchors: anchors.clone() }))
    }

    /// TCB info of a processor family and QE identity, of the set that is asked for.
    pub(crate) fn levels(&self, fmspc: Fmspc, now: UnixTime) -> Result<Collateral, FetchError> {
        let update = self.fetcher.settings().update;
        let mut found = Endorsements::Tdx(Collateral::none());
        for need in [Need::TdxTcbInfo { fmspc, update }, Need::TdQeIdentity { update }] {
            self.runtime.block_on(self.fetcher.fetch(need, now))?.add_to(&mut found);
        }
        match found {
            Endorsements::Tdx(collateral) => Ok(collateral),
            Endorsements::Snp(_) | _ => Ok(Collateral::none()),
        }
    }

    /// Verifies `evidence` with `endorsements` and whatever can be fetched.
    pub(crate) fn complete(
        &self,
        evidence: &Evidence,
        endorsements: Endorsements,
        now: UnixTime,
    ) -> Completion {
        let verified = self.fetcher.complete(endorsements, now, |with| {
            let outcome = verify(evidence.clone(), &with, &self.anchors, now);
            core::future::ready(Ok::<_, core::convert::Infallible>(outcome))
        });
        let Ok(completion) = self.runtime.block_on(verified);
        completion
    }
}
