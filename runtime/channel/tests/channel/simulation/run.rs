//! One run: from a seed to an account of what happened, or to the rule that was broken.

use std::collections::BTreeMap;

use super::clock::{Clock, Ms};
use super::end::Connection;
use super::node::Node;
use super::schedule::{Event, Schedule, Who};
use super::stage::Stage;
use super::verifier::{Boot, Verifier};
use super::weather::Weather;
use crate::world::agent;
use cloister_channel::{Demands, Freshness, KeyExchange};
use cloister_domain::random::Random;

/// How often deadlines and invariants are looked at.
const TICK: Ms = 200;

/// A rule that did not hold.
#[derive(Debug)]
pub(super) struct Violation {
    pub(super) at: Ms,
    pub(super) what: String,
}

/// How often each thing happened.
pub(super) type Tally = BTreeMap<&'static str, u64>;

pub(super) struct Run<'a> {
    pub(super) stage: &'a Stage,
    pub(super) random: Random,
    pub(super) weather: Weather,
    pub(super) now: Ms,
    pub(super) schedule: Schedule,
    pub(super) verifier: Verifier,
    pub(super) nodes: Vec<Node>,
    /// How many boots there were, of all nodes.
    pub(super) boots: Boot,
    pub(super) connections: Vec<Connection>,
    /// Those of them that are not over.
    pub(super) live: Vec<usize>,
    /// The latest proof of each boot and its latest renewal, in the adversary's hands.
    pub(super) loot: BTreeMap<(Boot, usize), Vec<u8>>,
    /// The first rule that was broken.
    pub(super) violation: Option<Violation>,
    pub(super) tally: Tally,
    /// What happened, line by line, if somebody wants to know.
    pub(super) trace: Option<Vec<String>>,
}

impl<'a> Run<'a> {
    pub(super) fn new(stage: &'a Stage, seed: u64, traced: bool) -> Self {
        let mut random = Random::new(seed);
        let weather = Weather::new(nodes(seed, &mut random), &mut random);
        let nodes = (0..weather.nodes).map(|number| node(number, &weather, &mut random)).collect();
        let verifier = Verifier::new(weather.verifier_offset, weather.lifetime);
        let mut run = Self {
            stage,
            random,
            weather,
            now: 0,
            schedule: Schedule::default(),
            verifier,
            nodes,
            boots: 0,
            connections: Vec::new(),
            live: Vec::new(),
            loot: BTreeMap::new(),
            violation: None,
            tally: Tally::new(),
            trace: traced.then(Vec::new),
        };
        run.begin();
        run
    }

    fn begin(&mut self) {
        self.note(|run| format!("{:?}", run.weather));
        for (at, fault) in std::mem::take(&mut self.weather.faults) {
            self.schedule.at(at, Event::Fault(fault));
        }
        self.schedule.at(self.weather.calm, Event::Calm);
        for node in 0..self.nodes.len() {
            let at = self.random.below(2_000);
            self.schedule.at(at, Event::Up(node));
        }
        self.schedule.at(TICK, Event::Tick);
    }

    /// Runs to the end, or to the first broken rule.
    pub(super) fn finish(mut self) -> Outcome {
        while let Some((at, event)) = self.schedule.next() {
            if at > self.weather.end || self.violation.is_some() {
                break;
            }
            self.now = at;
            self.handle(event);
        }
        if self.violation.is_none() {
            self.check_end();
        }
        Outcome { violation: self.violation, tally: self.tally, trace: self.trace }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Fault(fault) => self.fault(fault),
            Event::Calm => self.calm(),
            Event::Up(node) => self.up(node),
            Event::Apply(who, turn) => self.step(who, |run| run.apply(who, turn)),
            Event::Judge(who) => self.step(who, |run| run.judge(who)),
            Event::Admit(who, issued) => self.step(who, |run| run.admit(who, *issued)),
            Event::Watch(who) => self.step(who, |run| run.watch(who)),
            Event::Heard(who, stream, event) => {
                self.step(who, |run| run.heard(who, stream, event));
            }
            Event::Fetched(who, stream, trust) => {
                self.step(who, |run| run.fetched(who, stream, *trust));
            }
            Event::Want(who, want) => self.step(who, |run| run.want(who, want)),
            Event::Arrive(connection, side) => self.arrive(connection, side),
            Event::Evidence(connection, side, wanted) => self.evidence(connection, side, &wanted),
            Event::Decide(connection, side, decision) => self.decide(connection, side, decision),
            Event::Tick => self.tick(),
        }
    }

    /// Lets a boot that still runs take a step, after which it may crash.
    pub(super) fn step(&mut self, who: Who, step: impl FnOnce(&mut Self)) {
        if !self.runs(who) {
            return;
        }
        step(self);
        if self.now < self.weather.calm && self.random.chance(self.weather.crashes) {
            self.crash(who.node);
        }
    }

    pub(super) fn runs(&self, who: Who) -> bool {
        self.nodes[who.node].running.as_ref().is_some_and(|running| running.boot == who.boot)
    }

    fn tick(&mut self) {
        self.reapply();
        self.deadlines();
        self.check_open();
        self.live.retain(|connection| !self.connections[*connection].is_over());
        self.schedule.at(self.now + TICK, Event::Tick);
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub(super) fn note(&mut self, words: impl FnOnce(&Self) -> String) {
        if self.trace.is_some() {
            let line = format!("{:>7} ms  {}", self.now, words(self));
            self.trace.get_or_insert_default().push(line);
        }
    }

    /// Stops the run unless the rule holds.
    pub(super) fn rule(&mut self, holds: bool, what: impl FnOnce(&Self) -> String) {
        if !holds && self.violation.is_none() {
            self.violation = Some(Violation { at: self.now, what: what(self) });
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) violation: Option<Violation>,
    pub(super) tally: Tally,
    pub(super) trace: Option<Vec<String>>,
}

/// Most seeds are pairs, where a run costs least; some are meshes, a few of them of 50 nodes.
fn nodes(seed: u64, random: &mut Random) -> usize {
    match seed % 1000 {
        0 => 50,
        1..=4 => random.index(20) + 13,
        5..=24 => random.index(7) + 6,
        25..=99 => random.index(3) + 3,
        _ => 2,
    }
}

fn node(number: usize, weather: &Weather, random: &mut Random) -> Node {
    let (own, others) = (number % weather.agents, weather.agents - 1);
    let first = random.index(others);
    let wanted = |n| (own + 1 + (first + n) % others) % weather.agents;
    // In some pairs only one side dials.
    let silent = weather.nodes == 2 && number == 1 && random.chance(500);
    let wants = if silent { 0 } else { weather.wants.min(others) };
    let fresh = random.chance(weather.fresh);
    let freshness = if fresh { Freshness::Session } else { Freshness::Lease };
    Node {
        demands: Demands { key_exchange: KeyExchange::PostQuantum, freshness },
        agent: agent(&name(own)),
        clock: Clock::new(random.around_zero(weather.skew)),
        part: false,
        online: true,
        wants: (0..wants).map(wanted).collect(),
        running: None,
    }
}

/// The name of the agent with this number.
pub(super) fn name(agent: usize) -> String {
    format!("agent-{agent}")
}
