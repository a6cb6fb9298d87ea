//! Appraisal: open to everybody who can show Evidence for a challenge.

use cloister_api::v1;
use cloister_api::v1::appraisal_server::Appraisal;
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
impl Appraisal for Service {
    async fn appraise(
        &self,
        request: Request<v1::AppraiseRequest>,
    ) -> Result<Response<v1::AppraiseResponse>, Status> {
        Ok(Response::new(self.app.admission.appraise(request.into_inner()).await?))
    }
}
