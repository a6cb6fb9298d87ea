//! Finds, or opens, the attested channel to the agent that a request is for. A tool server of this
//! machine is reached as if it were behind a channel to this runtime itself.

use std::sync::Arc;

use tower::Layer;
use tower::layer::layer_fn;

use super::route::{Destination, Routed};
use super::{Arrived, Next, Outcome, step};
use crate::dialer::{Channel, Dialer};
use crate::end::Callee;
use crate::error::Cause;
use crate::mcp::{Beside, Endpoint, McpError, Server};
use crate::reply::{Refused, Shape};
use cloister_channel::AgentName;

/// The step; see the module.
pub(crate) struct Dial<S> {
    dialer: Arc<dyn Dialer>,
    next: S,
}

impl<S> Dial<S> {
    pub(crate) fn layer(dialer: Arc<dyn Dialer>) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { dialer: Arc::clone(&dialer), next })
    }

    async fn run(&self, routed: Routed) -> Outcome
    where
        S: Next<Arrived<Callee>>,
    {
        let Routed { destination, base, own_place, request } = routed;
        match self.channel(&destination).await {
            Ok((agent, channel)) => {
                let target = destination.into();
                let end = Callee {
                    agent,
                    peer: channel.peer(),
                    channel,
                    base,
                    own_place,
                    target,
                    delegation: None,
                };
                self.next.proceed(Arrived { end, request }).await
            }
            Err(cause) => {
                let shape = match destination {
                    Destination::Agent(_) => Shape::of_refused(request).await,
                    Destination::Server(_) => Shape::Mcp(Arc::default()),
                };
                Err(Refused::new(cause, shape))
            }
        }
    }

    async fn channel(
        &self,
        destination: &Destination,
    ) -> Result<(AgentName, Arc<dyn Channel>), Cause> {
        let agent = match destination {
            Destination::Agent(agent) => agent,
            Destination::Server(server) => match server.endpoint() {
                Endpoint::Peer(agent, _) => agent,
                Endpoint::Http(..) | Endpoint::Program(_) => return self.beside(server),
            },
        };
        Ok((agent.clone(), self.dialer.dial(agent).await?))
    }

    fn beside(&self, server: &Arc<Server>) -> Result<(AgentName, Arc<dyn Channel>), Cause> {
        let own = self.dialer.own().ok_or(McpError::NoLease)?;
        let name = AgentName::new(&own.agent).map_err(|_| McpError::NoLease)?;
        Ok((name, Arc::new(Beside::new(Arc::clone(server), own))))
    }
}

step!(Dial [] Routed => Arrived<Callee>);
