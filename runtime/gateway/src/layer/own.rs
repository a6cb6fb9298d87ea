//! Keeps every peer to its own tasks and contexts.

use std::sync::Arc;

use cloister_policy::{Binding, OperationName, Protocol};
use http::Response;
use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, step};
use crate::body::{Body, Whole};
use crate::end::Caller;
use crate::error::Cause;
use crate::frame;
use crate::headers::{forget_representation, uncompressed};
use crate::limits::LIST_BYTES_MAX;
use crate::object::into_bytes;
use crate::operation::Operation;
use crate::ownership::{
    Claimed, Kind, ListError, Owner, Owners, claimed, in_json, in_protobuf, tasks_of_rpc,
};
use crate::reply::Refused;
use crate::scan::ScanError;

/// The step; see the module.
pub(crate) struct Own<S> {
    owners: Arc<Owners>,
    next: S,
}

impl<S> Own<S> {
    pub(crate) fn layer(owners: Arc<Owners>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { owners: Arc::clone(&owners), next })
    }

    async fn run(&self, mut call: Classified<Caller>) -> Outcome
    where
        S: Next<Classified<Caller>>,
    {
        // What a peer delivers is about a task of its own agent's.
        let is_delivery = call.operation.name == OperationName::PushDeliver;
        if call.operation.protocol != Protocol::A2a || is_delivery {
            return self.next.proceed(call).await;
        }
        let (operation, owner) = (call.operation.clone(), call.end.owner.clone());
        may_name(&operation, &self.owners, &owner)
            .map_err(|cause| Refused::new(cause, call.shape.clone()))?;
        let lists = operation.name == OperationName::List;
        let sends = matches!(operation.name, OperationName::Send | OperationName::Stream);
        if lists || sends {
            uncompressed(call.request.headers_mut());
        }
        let shape = call.shape.clone();
        let response = self.next.proceed(call).await?;
        if sends {
            return Ok(claimed(response, &operation, Arc::clone(&self.owners), owner));
        }
        if lists {
            let shown = filtered(response, operation.binding, &self.owners, &owner).await;
            return shown.map_err(|error| Refused::new(error, shape));
        }
        Ok(response)
    }
}

step!(Own [] Classified<Caller> => Classified<Caller>);

/// Whether everything that a request names is its caller's.
fn may_name(operation: &Operation, owners: &Owners, owner: &Owner) -> Result<(), Cause> {
    if names_one_task(operation.name) && operation.task.is_none() {
        return Err(ScanError::Fields.into());
    }
    let tasks = operation.task.iter().chain(&operation.references);
    if !tasks.into_iter().all(|task| owners.owns(owner, Kind::Task, task)) {
        return Err(Cause::NotOwned);
    }
    // A caller may choose the id of a new context; whoever uses one first has it. A list is
    // filtered, whatever context it is asked for.
    match &operation.context {
        Some(context) if operation.name != OperationName::List => {
            match owners.claim(owner, Kind::Context, context) {
                Claimed::Yes => Ok(()),
                Claimed::No => Err(Cause::NotOwned),
            }
        }
        _ => Ok(()),
    }
}

/// Operations that are about one task.
const fn names_one_task(name: OperationName) -> bool {
    matches!(
        name,
        OperationName::Get
            | OperationName::Cancel
            | OperationName::Subscribe
            | OperationName::PushCreate
            | OperationName::PushGet
            | OperationName::PushList
            | OperationName::PushDelete
    )
}

/// A list without the tasks of others. What is no success passes.
async fn filtered(
    response: Response<Body>,
    binding: Binding,
    owners: &Owners,
    owner: &Owner,
) -> Result<Response<Body>, ListError> {
    if !response.status().is_success() {
        return Ok(response);
    }
    let (mut head, body) = response.into_parts();
    let mut whole = Whole::of(body, LIST_BYTES_MAX).await.map_err(|_| ListError::Unread)?;
    let received = core::mem::take(&mut whole.bytes);
    whole.bytes = if received.is_empty() {
        // An error in gRPC, or nothing to take anything out of.
        received
    } else if binding == Binding::Grpc {
        let list = frame::message(&received).ok_or(ListError::Unread)?;
        frame::framed(&in_protobuf(list, owners, owner)?).ok_or(ListError::Unread)?
    } else if binding == Binding::JsonRpc {
        into_bytes(tasks_of_rpc(&received, owners, owner)?)
    } else {
        let list = serde_json::from_slice(&received).map_err(|_| ListError::Unread)?;
        into_bytes(in_json(list, owners, owner)?)
    };
    forget_representation(&mut head.headers);
    Ok(Response::from_parts(head, whole.into()))
}
