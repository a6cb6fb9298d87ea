//! From a wish for a channel to two sessions over real TLS connections.

use std::sync::Arc;

use cloister_channel::{Handshake, Role, Session};

use super::end::{Connection, End};
use super::link::{Aimed, Attack};
use super::run::{Run, name};
use super::schedule::{Event, Who};
use crate::link::Link;
use crate::world::agent;

impl Run<'_> {
    /// Dials unless the channel is there or on its way.
    pub(super) fn want(&mut self, who: Who, want: usize) {
        let longest = if self.now < self.weather.calm { 8_000 } else { 1_500 };
        let again = self.now + self.random.between(500, longest);
        self.schedule.at(again, Event::Want(who, want));
        let there = self.live.iter().any(|number| {
            let connection = &self.connections[*number];
            let end = &connection.ends[0];
            end.boot == who.boot && connection.want == want && !end.is_over()
        });
        if !there {
            self.dial(who, want);
        }
    }

    fn dial(&mut self, who: Who, want: usize) {
        let attacked = self.now < self.weather.calm && self.random.chance(self.weather.attacks);
        let attack = attacked.then(|| Aimed::draw(&mut self.random));
        let Some(other) = self.target(who, want, attack) else { return };
        let [a, b] = [who.node, other.node].map(|node| &self.nodes[node]);
        if a.part != b.part || !self.serves(who) || !self.serves(other) {
            return;
        }
        match self.sessions(who, other, want, attack) {
            Some(sessions) => self.connect([who, other], sessions, want, attack),
            None => {
                self.note(|_| format!("node {} cannot shake hands with {}", who.node, other.node));
                self.count("tls.refused");
            }
        }
    }

    /// Where a dial for a want ends: at a node of that agent, or where the adversary likes.
    fn target(&mut self, who: Who, want: usize, attack: Option<Aimed>) -> Option<Who> {
        let agent = agent(&name(self.nodes[who.node].wants[want]));
        let anywhere = attack.is_some_and(|aimed| aimed.attack == Attack::Divert);
        let fits = |other: &Who| {
            other.node != who.node && (anywhere || self.nodes[other.node].agent == agent)
        };
        let targets: Vec<_> = self.running().into_iter().filter(fits).collect();
        (!targets.is_empty()).then(|| *self.random.pick(&targets))
    }

    fn serves(&self, who: Who) -> bool {
        let node = &self.nodes[who.node];
        node.running.as_ref().is_some_and(|running| running.serves(&node.clock, self.now).is_some())
    }

    /// Shakes hands, and starts a session at each end. Two ends of two connections if somebody
    /// with both channel keys relays.
    fn sessions(
        &self,
        who: Who,
        other: Who,
        want: usize,
        attack: Option<Aimed>,
    ) -> Option<[Session; 2]> {
        let [a, b] = [who.node, other.node].map(|node| &self.nodes[node]);
        let (dialling, listening) =
            (a.running.as_ref()?.standing.as_ref()?, b.running.as_ref()?.standing.as_ref()?);
        [a, b].into_iter().for_each(|node| node.clock.show(self.now));
        let shake = || {
            let (client, server) = (Arc::clone(&dialling.client), Arc::clone(&listening.server));
            Link::new(&self.stage.world, client, server).ok()
        };
        let near = shake()?;
        let far = if attack.is_some_and(|aimed| aimed.attack == Attack::Relay) {
            Some(shake()?)
        } else {
            None
        };
        let far = far.as_ref().unwrap_or(&near);
        let initiator = Session::initiator(
            Arc::clone(&dialling.credentials),
            Arc::clone(&dialling.trust),
            Handshake::client(&near.client, a.demands).unwrap(),
            agent(&name(a.wants[want])),
            a.clock.now(self.now),
        );
        let responder = Session::responder(
            Arc::clone(&listening.credentials),
            Arc::clone(&listening.trust),
            Handshake::server(&far.server, b.demands).unwrap(),
            b.clock.now(self.now),
        );
        Some([initiator.unwrap(), responder.unwrap()])
    }

    fn connect(
        &mut self,
        [who, other]: [Who; 2],
        [initiator, responder]: [Session; 2],
        want: usize,
        attack: Option<Aimed>,
    ) {
        let number = self.connections.len();
        self.note(|_| format!("#{number}: node {} dials {} {attack:?}", who.node, other.node));
        self.connections.push(Connection {
            ends: [
                End::new(Role::Initiator, who.node, who.boot, initiator),
                End::new(Role::Responder, other.node, other.boot, responder),
            ],
            directions: Default::default(),
            said: Default::default(),
            attack,
            want,
            since: self.now,
            answered: None,
        });
        self.live.push(number);
        self.count("connected");
        self.pump(number, 0);
        self.pump(number, 1);
    }
}
