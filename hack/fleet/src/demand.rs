//! When a fleet asks its Verifier for leases: the schedules of `cloisterd`, and a Verifier that can
//! do so many a second and tells the others to come back, as the service does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use cloister_attestation::time::UnixTime;
use cloister_domain::random::Random;
use cloister_node::backoff::Draw;
use cloister_node::renewal::{self, RETRY};
use cloister_verifier::limits::ADMISSIONS_WAITING_MAX;
use serde::Serialize;

use crate::meter::number;

const SECOND_MS: u64 = 1_000;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// An event is with every watcher within this time.
const SPREAD_MS: u64 = 250;
const SEED: u64 = 2;

/// What is asked of a Verifier, hour by hour of a hard day.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Demand {
    /// Everybody boots within one second.
    pub(crate) boot: Load,
    /// The first renewals after that.
    pub(crate) first: Load,
    /// An hour, a day later.
    pub(crate) settled: Load,
    /// The Verifier is away for a fifth of a lease.
    pub(crate) outage: Load,
    /// The policy epoch is raised: every lease ends at once.
    pub(crate) epoch: Load,
}

/// What is asked in one stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Load {
    /// Leases issued a minute.
    pub(crate) leases_per_minute: f64,
    /// Requests in the busiest second, those that failed included.
    pub(crate) peak_per_second: usize,
    /// Requests that were told to come back, or found nobody.
    pub(crate) failed: usize,
    /// Runtimes whose lease had ended before they were given the next.
    pub(crate) lapsed: usize,
    /// The longest that one of those was without, seconds.
    pub(crate) longest_s: f64,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    expires: u64,
    failures: u32,
    /// Counts intentions: the latest replaces those before.
    turn: u32,
}

struct Day {
    random: Random,
    lease: u64,
    /// What one lease takes of the Verifier, microseconds.
    takes: u64,
    /// Until when the Verifier has work, microseconds.
    busy: u64,
    away: core::ops::Range<u64>,
    members: Vec<Member>,
    asks: BinaryHeap<Reverse<(u64, usize, u32)>>,
    load: Load,
    /// The second that is counted, and the requests in it.
    second: (u64, usize),
}

impl Demand {
    pub(crate) fn of(nodes: u32, lease: Duration, capacity: u32) -> Self {
        let mut day = Day::new(nodes, lease, capacity);
        let lease = day.lease;
        let boot = day.stretch(0, lease / 2);
        let first = day.stretch(lease / 2, lease);
        day.stretch(lease, DAY_MS);
        let settled = day.stretch(DAY_MS, DAY_MS + HOUR_MS);
        let begins = DAY_MS + HOUR_MS;
        day.away = begins..begins + lease / 5;
        let outage = day.stretch(begins, begins + HOUR_MS);
        let begins = begins + HOUR_MS;
        day.end_leases(begins);
        Self { boot, first, settled, outage, epoch: day.stretch(begins, begins + lease / 2) }
    }
}

impl Day {
    fn new(nodes: u32, lease: Duration, capacity: u32) -> Self {
        let mut day = Self {
            random: Random::new(SEED),
            lease: u64::try_from(lease.as_millis()).unwrap_or(u64::MAX),
            takes: 1_000_000 / u64::from(capacity.max(1)),
            busy: 0,
            away: 0..0,
            members: Vec::new(),
            asks: BinaryHeap::new(),
            load: Load::default(),
            second: (0, 0),
        };
        for number in 0..usize::try_from(nodes).unwrap_or(usize::MAX) {
            let at = day.random.below(SECOND_MS);
            day.members.push(Member { expires: u64::MAX, failures: 0, turn: 0 });
            day.asks.push(Reverse((at, number, 0)));
        }
        day
    }

    /// Runs on until `until` and says what was asked since `from`.
    fn stretch(&mut self, from: u64, until: u64) -> Load {
        self.load = Load::default();
        self.second = (from, 0);
        let mut leases = 0;
        while let Some(Reverse((at, number, turn))) = self.asks.pop() {
            if at >= until {
                self.asks.push(Reverse((at, number, turn)));
                break;
            }
            leases += usize::from(self.ask(at, number, turn));
        }
        let minutes = Duration::from_millis(until - from).as_secs_f64() / 60.0;
        let leases_per_minute = if leases == 0 { 0.0 } else { number(leases) / minutes };
        Load { leases_per_minute, ..self.load }
    }

    /// A request, which may come to a lease.
    fn ask(&mut self, at: u64, number: usize, turn: u32) -> bool {
        let draw = self.draw();
        let Some(member) = self.members.get_mut(number).filter(|member| member.turn == turn) else {
            return false;
        };
        self.load.count(at, &mut self.second);
        let now = at * 1_000;
        let waiting = self.busy.saturating_sub(now) / self.takes.max(1);
        let full = waiting >= u64::try_from(ADMISSIONS_WAITING_MAX).unwrap_or(u64::MAX);
        if full || self.away.contains(&at) {
            member.failures += 1;
            let wait = RETRY.delay(member.failures, draw);
            self.asks.push(Reverse((at + millis(wait), number, turn)));
            self.load.failed += 1;
            return false;
        }
        self.busy = self.busy.max(now) + self.takes;
        let issued = self.busy / 1_000;
        self.load.lapse(issued.saturating_sub(member.expires));
        *member = Member { expires: issued + self.lease, failures: 0, turn };
        let time = |at: u64| UnixTime::from_secs(at / 1_000);
        let wait = renewal::delay(time(issued), time(member.expires), time(issued), draw);
        self.asks.push(Reverse((issued + millis(wait), number, turn)));
        true
    }

    /// Every lease ends, and everybody hears of it and asks at once.
    fn end_leases(&mut self, at: u64) {
        for (number, member) in self.members.iter_mut().enumerate() {
            *member = Member { expires: at, failures: 0, turn: member.turn + 1 };
            let heard = at + self.random.below(SPREAD_MS);
            self.asks.push(Reverse((heard, number, member.turn)));
        }
    }

    fn draw(&mut self) -> Draw {
        Draw(u32::try_from(self.random.below(1 << 32)).unwrap_or(u32::MAX))
    }
}

impl Load {
    fn count(&mut self, at: u64, (second, asked): &mut (u64, usize)) {
        if at / SECOND_MS != *second / SECOND_MS {
            (*second, *asked) = (at, 0);
        }
        *asked += 1;
        self.peak_per_second = self.peak_per_second.max(*asked);
    }

    fn lapse(&mut self, without_ms: u64) {
        if without_ms > 0 {
            self.lapsed += 1;
            let without = Duration::from_millis(without_ms).as_secs_f64();
            self.longest_s = self.longest_s.max(without);
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Demand, Load};

    fn demand(capacity: u32) -> Demand {
        Demand::of(2_000, Duration::from_secs(600), capacity)
    }

    #[test]
    fn an_outage_of_a_fifth_of_a_lease_costs_nobody_its_lease() {
        let Demand { outage, .. } = demand(500);
        assert!(outage.failed > 0);
        assert_eq!(outage.lapsed, 0);
    }

    #[test]
    fn runtimes_that_were_admitted_together_do_not_renew_together() {
        let Demand { first, settled, .. } = demand(500);
        // 2,000 within 90 s are 22 a second; a day later, one every 405 s makes 5 a second.
        assert!((15..60).contains(&first.peak_per_second), "{first:?}");
        assert!(settled.peak_per_second < first.peak_per_second, "{settled:?}");
        let (few, many) = (2_000.0 * 60.0 / 450.0, 2_000.0 * 60.0 / 360.0);
        assert!((few..many).contains(&settled.leases_per_minute), "{settled:?}");
        assert_eq!((first.lapsed, settled.lapsed, settled.failed), (0, 0, 0));
    }

    #[test]
    fn a_raised_epoch_takes_every_lease_and_each_is_given_another() {
        let Demand { epoch, .. } = demand(500);
        assert_eq!(epoch.lapsed, 2_000);
        assert!(epoch.longest_s > 2_000.0 / 500.0 - 1.0, "{epoch:?}");
        // A Verifier that can do more has everybody back sooner.
        assert!(demand(2_000).epoch.longest_s < epoch.longest_s);
    }

    #[test]
    fn the_same_fleet_has_the_same_day() {
        let loads =
            |it: Demand| -> [Load; 5] { [it.boot, it.first, it.settled, it.outage, it.epoch] };
        assert_eq!(loads(demand(300)), loads(demand(300)));
    }
}
