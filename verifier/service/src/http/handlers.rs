//! One function for each path.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use cloister_api::v1;
use serde_json::{Value, json};

use super::Problem;
use super::body::{Message, Raw, Reason};
use crate::app::App;
use crate::limits::KEY_SET_MAX_AGE;

type Answer<T> = Result<Json<T>, Problem>;

/// Whoever shows the operator's token. Taken before the body, which is then read for nobody else.
#[derive(Debug)]
pub(super) struct Operator;

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let shown = parts.headers.get(header::AUTHORIZATION);
        app.authorize(shown.map(header::HeaderValue::as_bytes))?;
        Ok(Self)
    }
}

/// The process is alive.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// Requests can be answered: the database is there. The keys were loaded before anything listened.
pub(super) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    app.store.ping().await.map_err(crate::error::ServiceError::from)?;
    Ok("ready\n")
}

pub(super) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, app.rendered_metrics().await?).into_response())
}

pub(super) async fn challenge(
    State(app): State<App>,
    Message(_): Message<v1::ChallengeRequest>,
) -> Answer<v1::ChallengeResponse> {
    Ok(Json(app.admission.challenge()?))
}

pub(super) async fn attest(
    State(app): State<App>,
    Message(request): Message<v1::AttestRequest>,
) -> Result<Response, Problem> {
    let response = app.admission.attest(request).await?;
    let status = match &response.outcome {
        Some(v1::attest_response::Outcome::Admitted(_)) => StatusCode::OK,
        Some(v1::attest_response::Outcome::Refused(_)) | None => StatusCode::FORBIDDEN,
    };
    Ok((status, Json(response)).into_response())
}

/// A result is an answer whatever it concludes; that none could be reached is a refusal.
pub(super) async fn appraise(
    State(app): State<App>,
    Message(request): Message<v1::AppraiseRequest>,
) -> Result<Response, Problem> {
    let response = app.admission.appraise(request).await?;
    let status = match &response.outcome {
        Some(v1::appraise_response::Outcome::Result(_)) => StatusCode::OK,
        Some(v1::appraise_response::Outcome::Refused(_)) | None => StatusCode::FORBIDDEN,
    };
    Ok((status, Json(response)).into_response())
}

pub(super) async fn trust(State(app): State<App>) -> Answer<v1::TrustBundle> {
    Ok(Json(app.trust.bundle(app.clock.now()).await?))
}

/// A key is listed for longer than the set may be kept before it signs.
pub(super) async fn jwks(State(app): State<App>) -> impl IntoResponse {
    let kept = format!("public, max-age={}", KEY_SET_MAX_AGE.as_secs());
    ([(header::CACHE_CONTROL, kept)], Json(app.trust.jwks()))
}

pub(super) async fn keys(State(app): State<App>, _: Operator) -> Json<v1::ListKeysResponse> {
    Json(v1::ListKeysResponse { keys: app.operations.keys() })
}

pub(super) async fn rotate_keys(
    State(app): State<App>,
    _: Operator,
) -> Answer<v1::RotateKeysResponse> {
    Ok(Json(v1::RotateKeysResponse { keys: app.operations.rotate_keys().await? }))
}

pub(super) async fn revoke_key(
    State(app): State<App>,
    _: Operator,
    Path(kid): Path<String>,
) -> Answer<v1::RevokeKeyResponse> {
    Ok(Json(v1::RevokeKeyResponse { keys: app.operations.revoke_key(&kid).await? }))
}

pub(super) async fn policies(
    State(app): State<App>,
    _: Operator,
) -> Answer<v1::ListPoliciesResponse> {
    Ok(Json(app.operations.policies().await?))
}

pub(super) async fn apply_policy(
    State(app): State<App>,
    _: Operator,
    Message(request): Message<v1::ApplyPolicyRequest>,
) -> Answer<v1::ApplyPolicyResponse> {
    Ok(Json(app.operations.apply_policy(&request.document).await?))
}

pub(super) async fn reattest(
    State(app): State<App>,
    _: Operator,
    Message(request): Message<v1::ReattestRequest>,
) -> Answer<v1::ReattestResponse> {
    Ok(Json(app.operations.reattest(request.all).await?))
}

pub(super) async fn images(State(app): State<App>, _: Operator) -> Answer<v1::ListImagesResponse> {
    let images = app.operations.images().await?;
    Ok(Json(v1::ListImagesResponse { images }))
}

/// The body is the Reference Values document itself: admitted until it is retired, in no other's
/// place.
pub(super) async fn admit(
    State(app): State<App>,
    _: Operator,
    Raw(document): Raw,
) -> Answer<v1::AdmitImageResponse> {
    let reference_values = document.to_vec();
    let request = v1::AdmitImageRequest { reference_values, ..Default::default() };
    Ok(Json(app.operations.admit(&request).await?))
}

pub(super) async fn retire_image(
    State(app): State<App>,
    _: Operator,
    Path(tuple): Path<String>,
) -> Answer<v1::RetireImageResponse> {
    let image = app.operations.retire_image(&tuple).await?;
    Ok(Json(v1::RetireImageResponse { image: Some(image) }))
}

pub(super) async fn revoke_image(
    State(app): State<App>,
    _: Operator,
    Path(tuple): Path<String>,
) -> Answer<v1::RevokeImageResponse> {
    Ok(Json(app.operations.revoke_image(&tuple).await?))
}

pub(super) async fn agents(State(app): State<App>, _: Operator) -> Answer<v1::ListAgentsResponse> {
    let agents = app.operations.agents().await?;
    Ok(Json(v1::ListAgentsResponse { agents }))
}

/// The results are JSON documents: they are shown as such and not as text.
pub(super) async fn agent(
    State(app): State<App>,
    _: Operator,
    Path(name): Path<String>,
) -> Answer<Value> {
    let shown = app.operations.agent(&name).await?;
    let results = shown.results.iter().map(|result| serde_json::from_str(result));
    let results: Vec<Value> =
        results.collect::<Result<_, _>>().map_err(|_| crate::error::ServiceError::Defect)?;
    Ok(Json(json!({ "agent": shown.agent, "results": results })))
}

pub(super) async fn checkpoints(
    State(app): State<App>,
    _: Operator,
) -> Answer<v1::ListCheckpointsResponse> {
    Ok(Json(v1::ListCheckpointsResponse { checkpoints: app.checkpoints.list().await? }))
}

pub(super) async fn machines(
    State(app): State<App>,
    _: Operator,
) -> Answer<v1::ListMachinesResponse> {
    let machines = app.operations.machines().await?;
    Ok(Json(v1::ListMachinesResponse { machines }))
}

pub(super) async fn quarantine(
    State(app): State<App>,
    _: Operator,
    Path(name): Path<String>,
    Message(Reason { reason }): Message<Reason>,
) -> Answer<v1::QuarantineAgentResponse> {
    Ok(Json(app.operations.quarantine(&name, &reason).await?))
}

pub(super) async fn lift(
    State(app): State<App>,
    _: Operator,
    Path(name): Path<String>,
) -> Answer<v1::LiftQuarantineResponse> {
    Ok(Json(app.operations.lift(&name).await?))
}

pub(super) async fn retire_agent(
    State(app): State<App>,
    _: Operator,
    Path(name): Path<String>,
    Message(Reason { reason }): Message<Reason>,
) -> Answer<v1::RetireAgentResponse> {
    Ok(Json(app.operations.retire(&name, &reason).await?))
}
