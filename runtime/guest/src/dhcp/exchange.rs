//! The exchange: from nothing to a lease, within a bounded time.

use core::time::Duration;
use std::io;

use tracing::debug;

use super::lease::Lease;
use super::message::{Message, Op};
use super::options::{Kind, MASK, Options, RESOLVERS, ROUTERS, ROUTES};
use super::{Hardware, MESSAGE_BYTES_MAX};

/// How long all of it may take. Clouds answer at once; a device's link may take seconds to be there.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How long the first message is waited on; twice as long on each that follows.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// How often an offer is asked for, before another one is.
const REQUESTS_MAX: u32 = 3;

/// How often all over again. A server that says yes and then no is asked no oftener.
const ROUNDS_MAX: u32 = 8;

/// What messages are sent on, and what has the time.
pub(crate) trait Link {
    /// Sends to everybody.
    fn send(&mut self, message: &[u8]) -> io::Result<()>;

    /// What comes next; `None` if nothing came in so long.
    fn receive(&mut self, patience: Duration) -> io::Result<Option<Vec<u8>>>;

    /// Since it was opened.
    fn elapsed(&self) -> Duration;
}

/// Nobody gave an address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Silence {
    /// No server answered, or none with an address.
    #[error("no answer within {} s: {sent} messages sent, {ignored} of others ignored", PATIENCE.as_secs())]
    Unanswered {
        /// Messages that were sent.
        sent: u32,
        /// Messages that came and were no answers.
        ignored: u32,
        /// Why the last one could not be sent.
        #[source]
        last: Option<io::Error>,
    },
    /// Servers took back what they had offered.
    #[error("addresses were offered and refused {ROUNDS_MAX} times")]
    Refused,
    /// The socket does not work.
    #[error("the socket is of no use")]
    Link(#[from] io::Error),
    /// There is no random number to tell this exchange by.
    #[error("the kernel has no random number")]
    Random(#[source] getrandom::Error),
}

/// Asks until somebody gives an address to the card with the address `chaddr`.
///
/// # Errors
/// [`Silence`].
pub(crate) fn ask(link: &mut impl Link, chaddr: Hardware) -> Result<Lease, Silence> {
    let mut client = Client { link, chaddr, sent: 0, ignored: 0, last: None };
    for _ in 0..ROUNDS_MAX {
        if let Some(lease) = client.round()? {
            return Ok(lease);
        }
    }
    Err(Silence::Refused)
}

struct Client<'a, L> {
    link: &'a mut L,
    chaddr: Hardware,
    sent: u32,
    ignored: u32,
    last: Option<io::Error>,
}

/// What a server says to a request.
enum Verdict {
    Given(Lease),
    Refused,
}

impl<L: Link> Client<'_, L> {
    /// From a question to a lease; `None` if what was offered cannot be had.
    fn round(&mut self) -> Result<Option<Lease>, Silence> {
        // The same in every message of the round, and another one in the next: late answers to the
        // one are none to the other.
        let xid = getrandom::u32().map_err(Silence::Random)?;
        let secs = u16::try_from(self.link.elapsed().as_secs()).unwrap_or(u16::MAX);
        let discover = self.question(xid, secs, Kind::Discover);
        let offer = self.answer(&discover, u32::MAX, |reply| match reply.options.kind {
            Kind::Offer => Lease::of(reply),
            Kind::Discover | Kind::Request | Kind::Ack | Kind::Nak => None,
        })?;
        let Some(offer) = offer else { return Ok(None) };
        let mut request = self.question(xid, secs, Kind::Request);
        request.options.requested = Some(offer.address);
        request.options.server = Some(offer.server);
        let verdict = self.answer(&request, REQUESTS_MAX, |reply| verdict(&offer, reply))?;
        Ok(match verdict {
            Some(Verdict::Given(lease)) => Some(lease),
            Some(Verdict::Refused) | None => None,
        })
    }

    // SPEC: RFC 2131 section 4.4.1, table 5.
    fn question(&self, xid: u32, secs: u16, kind: Kind) -> Message {
        let options = Options {
            // SPEC: RFC 3442: the routes before the routers.
            parameters: vec![MASK, ROUTES, ROUTERS, RESOLVERS],
            bytes_max: u16::try_from(MESSAGE_BYTES_MAX).ok(),
            ..Options::new(kind)
        };
        // The kernel takes no packet for an address that it does not have yet, so that the answer has
        // to be to everybody.
        let (broadcast, chaddr) = (true, self.chaddr);
        let yiaddr = core::net::Ipv4Addr::UNSPECIFIED;
        Message { op: Op::Request, xid, secs, broadcast, yiaddr, chaddr, options }
    }

    /// Sends `question`, at most so many times, until `pick` makes something of an answer to it.
    // SPEC: RFC 2131 section 4.1. Without its random second: a guest is alone on its link.
    fn answer<T>(
        &mut self,
        question: &Message,
        times: u32,
        pick: impl Fn(&Message) -> Option<T>,
    ) -> Result<Option<T>, Silence> {
        let bytes = question.encode();
        let mut wait = FIRST_WAIT;
        for _ in 0..times {
            // A device that is not ready is as good as a lost message.
            self.last = self.link.send(&bytes).err();
            self.sent = self.sent.saturating_add(1);
            let until = self.link.elapsed().saturating_add(wait).min(PATIENCE);
            if let Some(picked) = self.listen(question, until, &pick)? {
                return Ok(Some(picked));
            }
            if self.link.elapsed() >= PATIENCE {
                let (sent, ignored) = (self.sent, self.ignored);
                return Err(Silence::Unanswered { sent, ignored, last: self.last.take() });
            }
            wait = wait.saturating_mul(2);
        }
        Ok(None)
    }

    /// Everything that comes until then, but for what is no answer to `question`.
    fn listen<T>(
        &mut self,
        question: &Message,
        until: Duration,
        pick: impl Fn(&Message) -> Option<T>,
    ) -> Result<Option<T>, Silence> {
        loop {
            let left = until.saturating_sub(self.link.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            let Some(bytes) = self.link.receive(left)? else { continue };
            let picked = match Message::parse(&bytes) {
                Ok(reply) if answers(&reply, question) => pick(&reply),
                Ok(_) => None,
                Err(error) => {
                    debug!(%error, "no message of DHCP");
                    None
                }
            };
            if picked.is_some() {
                return Ok(picked);
            }
            self.ignored = self.ignored.saturating_add(1);
        }
    }
}

fn answers(reply: &Message, question: &Message) -> bool {
    reply.op == Op::Reply && reply.xid == question.xid && reply.chaddr == question.chaddr
}

/// What the server whose offer was taken says to that. Others are not heard.
fn verdict(offer: &Lease, reply: &Message) -> Option<Verdict> {
    if reply.options.server != Some(offer.server) {
        return None;
    }
    match reply.options.kind {
        Kind::Nak => Some(Verdict::Refused),
        Kind::Ack => {
            Lease::of(reply).filter(|lease| lease.address == offer.address).map(Verdict::Given)
        }
        Kind::Discover | Kind::Offer | Kind::Request => None,
    }
}

#[cfg(test)]
mod tests;
