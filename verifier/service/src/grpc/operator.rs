//! Operator: for callers that show the token.

use cloister_api::v1;
use cloister_api::v1::operator_server::Operator;
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

    /// Lets the request through if it shows the operator's token.
    fn authorized<T>(&self, request: Request<T>) -> Result<T, Status> {
        let shown = request.metadata().get("authorization");
        self.app.authorize(shown.map(|value| value.as_encoded_bytes()))?;
        Ok(request.into_inner())
    }
}

#[tonic::async_trait]
impl Operator for Service {
    async fn admit_image(
        &self,
        request: Request<v1::AdmitImageRequest>,
    ) -> Result<Response<v1::AdmitImageResponse>, Status> {
        let request = self.authorized(request)?;
        Ok(Response::new(self.app.operations.admit(&request).await?))
    }

    async fn list_images(
        &self,
        request: Request<v1::ListImagesRequest>,
    ) -> Result<Response<v1::ListImagesResponse>, Status> {
        self.authorized(request)?;
        let images = self.app.operations.images().await?;
        Ok(Response::new(v1::ListImagesResponse { images }))
    }

    async fn retire_image(
        &self,
        request: Request<v1::RetireImageRequest>,
    ) -> Result<Response<v1::RetireImageResponse>, Status> {
        let request = self.authorized(request)?;
        let image = self.app.operations.retire_image(&request.tuple).await?;
        Ok(Response::new(v1::RetireImageResponse { image: Some(image) }))
    }

    async fn revoke_image(
        &self,
        request: Request<v1::RevokeImageRequest>,
    ) -> Result<Response<v1::RevokeImageResponse>, Status> {
        let request = self.authorized(request)?;
        Ok(Response::new(self.app.operations.revoke_image(&request.tuple).await?))
    }

    async fn list_agents(
        &self,
        request: Request<v1::ListAgentsRequest>,
    ) -> Result<Response<v1::ListAgentsResponse>, Status> {
        self.authorized(request)?;
        let agents = self.app.operations.agents().await?;
        Ok(Response::new(v1::ListAgentsResponse { agents }))
    }

    async fn show_agent(
        &self,
        request: Request<v1::ShowAgentRequest>,
    ) -> Result<Response<v1::ShowAgentResponse>, Status> {
        let request = self.authorized(request)?;
        Ok(Response::new(self.app.operations.agent(&request.name).await?))
    }

    async fn quarantine_agent(
        &self,
        request: Request<v1::QuarantineAgentRequest>,
    ) -> Result<Response<v1::QuarantineAgentResponse>, Status> {
        let v1::QuarantineAgentRequest { name, reason } = self.authorized(request)?;
        Ok(Response::new(self.app.operations.quarantine(&name, &reason).await?))
    }

    async fn lift_quarantine(
        &self,
        request: Request<v1::LiftQuarantineRequest>,
    ) -> Result<Response<v1::LiftQuarantineResponse>, Status> {
        let request = self.authorized(request)?;
        Ok(Response::new(self.app.operations.lift(&request.name).await?))
    }

    async fn retire_agent(
        &self,
        request: Request<v1::RetireAgentRequest>,
    ) -> Result<Response<v1::RetireAgentResponse>, Status> {
        let v1::RetireAgentRequest { name, reason } = self.authorized(request)?;
        Ok(Response::new(self.app.operations.retire(&name, &reason).await?))
    }

    async fn list_keys(
        &self,
        request: Request<v1::ListKeysRequest>,
    ) -> Result<Response<v1::ListKeysResponse>, Status> {
        self.authorized(request)?;
        Ok(Response::new(v1::ListKeysResponse { keys: self.app.operations.keys() }))
    }

    async fn rotate_keys(
        &self,
        request: Request<v1::RotateKeysRequest>,
    ) -> Result<Response<v1::RotateKeysResponse>, Status> {
        self.authorized(request)?;
        let keys = self.app.operations.rotate_keys().await?;
        Ok(Response::new(v1::RotateKeysResponse { keys }))
    }

    async fn revoke_key(
        &self,
        request: Request<v1::RevokeKeyRequest>,
    ) -> Result<Response<v1::RevokeKeyResponse>, Status> {
        let request = self.authorized(request)?;
        let keys = self.app.operations.revoke_key(&request.kid).await?;
        Ok(Response::new(v1::RevokeKeyResponse { keys }))
    }

    async fn list_policies(
        &self,
        request: Request<v1::ListPoliciesRequest>,
    ) -> Result<Response<v1::ListPoliciesResponse>, Status> {
        self.authorized(request)?;
        Ok(Response::new(self.app.operations.policies().await?))
    }

    async fn apply_policy(
        &self,
        request: Request<v1::ApplyPolicyRequest>,
    ) -> Result<Response<v1::ApplyPolicyResponse>, Status> {
        let request = self.authorized(request)?;
        Ok(Response::new(self.app.operations.apply_policy(&request.document).await?))
    }

    async fn publish_policy(
        &self,
        request: Request<v1::PublishPolicyRequest>,
    ) -> Result<Response<v1::PublishedPolicy>, Status> {
        let v1::PublishPolicyRequest { bundle, agent } = self.authorized(request)?;
        let audience = if agent.is_empty() { "every agent".to_owned() } else { agent.clone() };
        let operation = |digest| self.app.operations.operation("policy.publish", digest, audience);
        Ok(Response::new(self.app.publications.publish(&bundle, &agent, operation).await?))
    }

    async fn list_publications(
        &self,
        request: Request<v1::ListPublicationsRequest>,
    ) -> Result<Response<v1::ListPublicationsResponse>, Status> {
        self.authorized(request)?;
        let policies = self.app.publications.list().await?;
        Ok(Response::new(v1::ListPublicationsResponse { policies }))
    }

    async fn reattest(
        &self,
        request: Request<v1::ReattestRequest>,
    ) -> Result<Response<v1::ReattestResponse>, Status> {
        let request = self.authorized(request)?;
        Ok(Response::new(self.app.operations.reattest(request.all).await?))
    }

    async fn list_checkpoints(
        &self,
        request: Request<v1::ListCheckpointsRequest>,
    ) -> Result<Response<v1::ListCheckpointsResponse>, Status> {
        self.authorized(request)?;
        let checkpoints = self.app.checkpoints.list().await?;
        Ok(Response::new(v1::ListCheckpointsResponse { checkpoints }))
    }

    async fn list_machines(
        &self,
        request: Request<v1::ListMachinesRequest>,
    ) -> Result<Response<v1::ListMachinesResponse>, Status> {
        self.authorized(request)?;
        let machines = self.app.operations.machines().await?;
        Ok(Response::new(v1::ListMachinesResponse { machines }))
    }
}
