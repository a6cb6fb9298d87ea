//! The steps of both request paths, one a file. The order is in `inbound` and `outbound`.

mod answer;
mod attribute;
mod audit;
mod authorize;
mod classify;
mod cleanse;
mod delegate;
mod deliver;
mod dial;
mod identify;
mod limit;
mod notify;
mod own;
mod present;
mod push;
mod route;
mod single;
mod surface;
mod tools;

use cloister_policy::Limited;
use http::{Request, Response};

use crate::body::Body;
use crate::dialer::BoxFuture;
use crate::operation::Operation;
use crate::peek::Watch;
use crate::reply::{Refused, Shape};

pub(crate) use answer::Answer;
pub(crate) use attribute::Attribute;
pub(crate) use audit::Audit;
pub(crate) use authorize::{Authorize, Gate};
pub(crate) use classify::Classify;
pub(crate) use cleanse::Cleanse;
pub(crate) use delegate::Delegate;
pub(crate) use deliver::Deliver;
pub(crate) use dial::Dial;
pub(crate) use identify::Identify;
pub(crate) use limit::Limit;
pub(crate) use notify::Notify;
pub(crate) use own::Own;
pub(crate) use present::Present;
pub(crate) use push::Push;
pub(crate) use route::Route;
pub(crate) use single::Single;
pub use surface::Reach;
pub(crate) use surface::Surface;
pub(crate) use tools::Tools;

/// A request whose far end is known.
pub(crate) struct Arrived<E> {
    pub(crate) end: E,
    pub(crate) request: Request<Body>,
}

/// A request whose operation is known, on the heap: each step hands it on, and none copies it.
pub(crate) type Classified<E> = Box<Call<E>>;

/// What is known of such a request.
pub(crate) struct Call<E> {
    pub(crate) end: E,
    pub(crate) operation: Operation,
    /// Size of the body, where it is declared or was read.
    pub(crate) message_bytes: Option<u64>,
    /// How a refusal has to look.
    pub(crate) shape: Shape,
    /// Tells why the body was broken off, if it was.
    pub(crate) watch: Watch,
    pub(crate) request: Request<Body>,
}

/// A request that policy permits.
pub(crate) struct Permitted<E> {
    pub(crate) call: Classified<E>,
    /// Within which limits.
    pub(crate) limited: Vec<Limited>,
}

/// What every step comes to.
pub(crate) type Outcome = Result<Response<Body>, Refused>;

/// A step under way.
pub(crate) type Pending<'a> = BoxFuture<'a, Outcome>;

/// A step with all that follow it. Requests go through by reference, so that none of it is cloned
/// for them.
pub(crate) trait Next<T>: Send + Sync + 'static {
    /// Hands the target on.
    fn proceed(&self, target: T) -> Pending<'_>;
}

/// All steps of a path.
pub(crate) trait Path<T>: Send + Sync + 'static {
    /// What a request is answered with, whatever becomes of it.
    fn answer(&self, target: T) -> BoxFuture<'_, Response<Body>>;
}

/// Makes a step of what has the method `run`.
macro_rules! step {
    ($step:ident [$($generic:ident: $bound:path),*] $target:ty => $next:ty) => {
        impl<$($generic: $bound,)* S: $crate::layer::Next<$next>> $crate::layer::Next<$target>
            for $step<S>
        {
            fn proceed(&self, target: $target) -> $crate::layer::Pending<'_> {
                Box::pin(self.run(target))
            }
        }
    };
}

pub(crate) use step;
