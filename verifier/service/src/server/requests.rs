//! What every request passes through: its time, and the count of it.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::ServiceError;
use crate::grpc;
use crate::http::{self, Problem};
use crate::limits::REQUEST_TIMEOUT;

/// Both surfaces on one router.
pub(crate) fn router(app: &App) -> Router {
    grpc::router(app)
        .merge(http::router(app.clone()))
        .fallback(http::unknown)
        .layer(from_fn_with_state(app.clone(), bounded))
}

/// Ends requests that do not come to an answer. A stream's answer is its head.
async fn bounded(State(app): State<App>, request: Request, next: Next) -> Response {
    let surface = surface(request.uri().path());
    app.metrics.requests.increment(surface);
    let grpc = surface.starts_with("grpc.");
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) if grpc => tonic::Status::from(ServiceError::Timeout).into_http::<Body>(),
        Err(_) => Problem(ServiceError::Timeout).into_response(),
    }
}

/// A label from a small set, whatever the path.
fn surface(path: &str) -> &'static str {
    const SURFACES: [(&str, &str); 7] = [
        ("/cloister.v1.Enrolment/", "grpc.enrolment"),
        ("/cloister.v1.Registry/", "grpc.registry"),
        ("/cloister.v1.Trust/", "grpc.trust"),
        ("/cloister.v1.Operator/", "grpc.operator"),
        ("/v1/images", "http.images"),
        ("/v1/agents", "http.agents"),
        ("/v1/", "http.enrolment"),
    ];
    let known = SURFACES.iter().find(|(prefix, _)| path.starts_with(prefix));
    known.map_or("other", |(_, surface)| surface)
}
