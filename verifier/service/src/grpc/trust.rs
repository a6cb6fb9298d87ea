//! Trust: public.

use cloister_api::v1;
use cloister_api::v1::trust_server::Trust;
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
impl Trust for Service {
    async fn bundle(
        &self,
        _: Request<v1::BundleRequest>,
    ) -> Result<Response<v1::TrustBundle>, Status> {
        Ok(Response::new(self.app.trust.bundle(self.app.clock.now()).await?))
    }
}
