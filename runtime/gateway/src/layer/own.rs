//! Keeps every peer to its own tasks and contexts.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use cloister_policy::{Binding, OperationName, Protocol};
use http::Response;
use http_body_util::{BodyExt, Limited};
use tower::Layer;
use tower::layer::layer_fn;

use super::{Classified, Next, Outcome, service};
use crate::body::{Body, boxed, full};
use crate::dialer::BoxFuture;
use crate::end::Caller;
use crate::error::Cause;
use crate::headers::{forget_representation, uncompressed};
use crate::limits::LIST_BYTES_MAX;
use crate::operation::Operation;
use crate::ownership::{
    Claimed, Kind, ListError, Owner, Owners, in_json, in_protobuf, tasks_of_rpc, watched,
};
use crate::reply::Refused;
use crate::scan::ScanError;

/// The step; see the module.
#[derive(Clone)]
pub(crate) struct Own<S> {
    owners: Arc<Owners>,
    next: S,
}

impl<S> Own<S> {
    pub(crate) fn layer(owners: Arc<Owners>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { owners: Arc::clone(&owners), next })
    }

    async fn run(self, mut call: Classified<Caller>) -> Outcome
    where
        S: Next<Classified<Caller>>,
    {
        if call.operation.protocol != Protocol::A2a {
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
            return Ok(watched(response, &operation, self.owners, owner));
        }
        if lists {
            let shown = filtered(response, operation.binding, &self.owners, &owner).await;
            return shown.map_err(|error| Refused::new(error, shape));
        }
        Ok(response)
    }
}

service!(Own [] Classified<Caller> => Classified<Caller>);

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
    let whole: BoxFuture<'static, _> = Box::pin(Limited::new(body, LIST_BYTES_MAX).collect());
    let whole = whole.await.map_err(|_| ListError::Unread)?;
    let trailers = whole.trailers().cloned();
    let received = whole.to_bytes();
    let shown = if received.is_empty() {
        // An error in gRPC, or nothing to take anything out of.
        received
    } else if binding == Binding::Grpc {
        in_frame(&received, owners, owner)?
    } else if binding == Binding::JsonRpc {
        json(tasks_of_rpc(&received, owners, owner)?)
    } else {
        let list = serde_json::from_slice(&received).map_err(|_| ListError::Unread)?;
        json(in_json(list, owners, owner)?)
    };
    forget_representation(&mut head.headers);
    let body = match trailers {
        Some(trailers) => boxed(full(shown).with_trailers(core::future::ready(Some(Ok(trailers))))),
        None => full(shown),
    };
    Ok(Response::from_parts(head, body))
}

fn json(raw: Box<serde_json::value::RawValue>) -> Bytes {
    Bytes::from(Box::<str>::from(raw).into_boxed_bytes())
}

/// The one message of a gRPC answer.
fn in_frame(frame: &Bytes, owners: &Owners, owner: &Owner) -> Result<Bytes, ListError> {
    let (head, message) = frame.split_at_checked(5).ok_or(ListError::Unread)?;
    let length = u32::try_from(message.len()).map_err(|_| ListError::Unread)?;
    // Flag, then length: neither compressed, nor more than one message.
    if head.split_first() != Some((&0, length.to_be_bytes().as_slice())) {
        return Err(ListError::Unread);
    }
    let shown = in_protobuf(message, owners, owner)?;
    let mut out = BytesMut::with_capacity(shown.len().saturating_add(5));
    out.put_u8(0);
    out.put_u32(u32::try_from(shown.len()).map_err(|_| ListError::Unread)?);
    out.put_slice(&shown);
    Ok(out.freeze())
}
