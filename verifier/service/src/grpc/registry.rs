//! Registry: for callers whose connection shows the certificate of a live lease.

use std::pin::Pin;

use cloister_api::v1;
use cloister_api::v1::registry_server::Registry;
use cloister_channel::lease::VerifiedLease;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::registry::{WatchEnd, Watched};
use crate::server::PeerCertificate;

#[derive(Debug)]
pub(super) struct Service {
    app: App,
}

impl Service {
    pub(super) const fn new(app: App) -> Self {
        Self { app }
    }

    async fn caller<T>(&self, request: &Request<T>) -> Result<VerifiedLease, Status> {
        let shown = request.extensions().get::<PeerCertificate>();
        let certificate = shown.and_then(PeerCertificate::der);
        Ok(self.app.registry.caller(certificate).await?)
    }
}

#[tonic::async_trait]
impl Registry for Service {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::WatchEvent, Status>> + Send>>;

    async fn resolve(
        &self,
        request: Request<v1::ResolveRequest>,
    ) -> Result<Response<v1::ResolveResponse>, Status> {
        self.caller(&request).await?;
        Ok(Response::new(self.app.registry.resolve(&request.get_ref().agent).await?))
    }

    async fn appraise_session(
        &self,
        request: Request<v1::AppraiseSessionRequest>,
    ) -> Result<Response<v1::AppraiseSessionResponse>, Status> {
        // SECURITY: no challenge of this Verifier's protects its time here; a lease does.
        self.caller(&request).await?;
        Ok(Response::new(self.app.admission.appraise_session(request.into_inner()).await?))
    }

    async fn show_checkpoint(
        &self,
        request: Request<v1::ShowCheckpointRequest>,
    ) -> Result<Response<v1::ShowCheckpointResponse>, Status> {
        let caller = self.caller(&request).await?;
        self.app.checkpoints.shown(caller.claims(), request.get_ref()).await?;
        Ok(Response::new(v1::ShowCheckpointResponse {}))
    }

    async fn policy(
        &self,
        request: Request<v1::PolicyRequest>,
    ) -> Result<Response<v1::PolicyResponse>, Status> {
        let caller = self.caller(&request).await?;
        let v1::PolicyRequest { after_number, refused_number, refused_code } = request.get_ref();
        if !refused_code.is_empty() {
            self.app.publications.refused_by(caller.claims(), *refused_number, refused_code);
        }
        let publication = self.app.publications.asked_by(caller.claims(), *after_number).await?;
        Ok(Response::new(v1::PolicyResponse { publication }))
    }

    async fn watch(
        &self,
        request: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let caller = self.caller(&request).await?;
        let watched = self.app.registry.watch(caller, request.get_ref().after_sequence);
        Ok(Response::new(Box::pin(ReceiverStream::new(watched).map(item))))
    }
}

fn item(watched: Watched) -> Result<v1::WatchEvent, Status> {
    watched.map_err(|end| match end {
        WatchEnd::Stopping => Status::unavailable("the Verifier stops"),
        WatchEnd::NoLease => Status::unauthenticated("the instance holds no lease any more"),
        WatchEnd::Failed => Status::unavailable("the Verifier cannot read its log"),
    })
}
