//! Enrolment: open to everybody, since only good Evidence gets anything.

use cloister_api::v1;
use cloister_api::v1::enrolment_server::Enrolment;
use tonic::{Request, Response, Status};

use crate::app::App;

#[derive(Debug)]
pub(super) struct Service {
    app: App,
}

impl Service {
    pub(super) const fn new(app: App) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl Enrolment for Service {
    async fn challenge(
        &self,
        _: Request<v1::ChallengeRequest>,
    ) -> Result<Response<v1::ChallengeResponse>, Status> {
        Ok(Response::new(self.app.admission.challenge()?))
    }

    async fn attest(
        &self,
        request: Request<v1::AttestRequest>,
    ) -> Result<Response<v1::AttestResponse>, Status> {
        Ok(Response::new(self.app.admission.attest(request.into_inner()).await?))
    }
}
