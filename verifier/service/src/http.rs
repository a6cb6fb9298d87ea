//! The HTTP/JSON surface: the same answers as gRPC, under paths that `curl` can name.

mod body;
mod handlers;
mod problem;

use axum::Router;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::error::ServiceError;
pub(crate) use problem::Problem;

/// All paths.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(handlers::health))
        .route("/readyz", get(handlers::ready))
        .route("/metrics", get(handlers::metrics))
        .route("/v1/challenge", post(handlers::challenge))
        .route("/v1/attest", post(handlers::attest))
        .route("/v1/appraise", post(handlers::appraise))
        .route("/v1/trust", get(handlers::trust))
        .route("/v1/jwks", get(handlers::jwks))
        .route("/.well-known/jwks.json", get(handlers::jwks))
        .route("/v1/images", get(handlers::images).post(handlers::admit))
        .route("/v1/images/{tuple}/retire", post(handlers::retire_image))
        .route("/v1/images/{tuple}/revoke", post(handlers::revoke_image))
        .route("/v1/agents", get(handlers::agents))
        .route("/v1/agents/{name}", get(handlers::agent))
        .route("/v1/agents/{name}/quarantine", post(handlers::quarantine))
        .route("/v1/agents/{name}/lift", post(handlers::lift))
        .route("/v1/agents/{name}/retire", post(handlers::retire_agent))
        .route("/v1/checkpoints", get(handlers::checkpoints))
        .route("/v1/machines", get(handlers::machines))
        .route("/v1/keys", get(handlers::keys))
        .route("/v1/keys/rotate", post(handlers::rotate_keys))
        .route("/v1/keys/{kid}/revoke", post(handlers::revoke_key))
        .route("/v1/policies", get(handlers::policies).post(handlers::apply_policy))
        .route("/v1/reattest", post(handlers::reattest))
        .with_state(app)
}

/// Whatever has no path.
pub(crate) async fn unknown(uri: Uri) -> Response {
    // Only the path: a query may hold what should not be repeated.
    Problem(ServiceError::NotFound { what: "path", name: uri.path().to_owned() }).into_response()
}
