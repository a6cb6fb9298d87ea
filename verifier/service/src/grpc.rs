//! The gRPC surface: each service as thin as the generated trait allows.

mod appraisal;
mod enrolment;
mod operator;
mod registry;
mod status;
mod trust;

use axum::Router;
use cloister_api::v1::appraisal_server::AppraisalServer;
use cloister_api::v1::enrolment_server::EnrolmentServer;
use cloister_api::v1::operator_server::OperatorServer;
use cloister_api::v1::registry_server::RegistryServer;
use cloister_api::v1::trust_server::TrustServer;

use crate::app::App;
use crate::limits::MESSAGE_BYTES_MAX;

/// The five services, each under its own path.
pub(crate) fn router(app: &App) -> Router {
    let enrolment = EnrolmentServer::new(enrolment::Service::new(app.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    let registry = RegistryServer::new(registry::Service::new(app.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    let trust = TrustServer::new(trust::Service::new(app.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    let operator = OperatorServer::new(operator::Service::new(app.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    let appraisal = AppraisalServer::new(appraisal::Service::new(app.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    Router::new()
        .route_service("/cloister.v1.Appraisal/{method}", appraisal)
        .route_service("/cloister.v1.Enrolment/{method}", enrolment)
        .route_service("/cloister.v1.Registry/{method}", registry)
        .route_service("/cloister.v1.Trust/{method}", trust)
        .route_service("/cloister.v1.Operator/{method}", operator)
}
