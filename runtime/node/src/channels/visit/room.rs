//! Room for visitors: so many at a time, fewer from one address, and a rate for each address.

use core::time::Duration;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::limits::{
    VISIT_ADDRESSES_MAX, VISITORS_MAX, VISITORS_PER_ADDRESS_MAX, VISITS_BURST, VISITS_INTERVAL,
};
use crate::press::Quota;

/// Who is here, by where they dialled from.
#[derive(Debug)]
pub(crate) struct Visitors {
    since: Instant,
    addresses: Mutex<BTreeMap<IpAddr, Address>>,
}

/// The visits from one address.
#[derive(Debug)]
struct Address {
    open: usize,
    quota: Quota,
}

/// Room for one visitor. Dropping it makes it free.
#[derive(Debug)]
pub(in crate::channels) struct Room {
    visitors: Arc<Visitors>,
    from: IpAddr,
}

impl Default for Visitors {
    fn default() -> Self {
        Self { since: Instant::now(), addresses: Mutex::default() }
    }
}

impl Visitors {
    /// Room for one more from this address; `None` if there is none.
    pub(in crate::channels) fn room(self: &Arc<Self>, from: IpAddr) -> Option<Room> {
        let from = network(from);
        self.take(from, self.since.elapsed())?;
        Some(Room { visitors: Arc::clone(self), from })
    }

    fn take(&self, from: IpAddr, now: Duration) -> Option<()> {
        let mut addresses = self.lock();
        addresses.retain(|_, address| address.open > 0 || !address.quota.is_full(now));
        let open: usize = addresses.values().map(|address| address.open).sum();
        let is_known = addresses.contains_key(&from);
        if open >= VISITORS_MAX || (addresses.len() >= VISIT_ADDRESSES_MAX && !is_known) {
            return None;
        }
        let unknown = || Address { open: 0, quota: Quota::new(VISITS_BURST, VISITS_INTERVAL) };
        let address = addresses.entry(from).or_insert_with(unknown);
        if address.open >= VISITORS_PER_ADDRESS_MAX || address.quota.take(now).is_err() {
            return None;
        }
        address.open = address.open.saturating_add(1);
        Some(())
    }

    fn leave(&self, from: IpAddr) {
        if let Some(address) = self.lock().get_mut(&from) {
            address.open = address.open.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Address>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.visitors.leave(self.from);
    }
}

/// What one customer of a network provider has at least: an IPv4 address, or 64 bits of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use super::{Visitors, network};
    use crate::limits::{
        VISIT_ADDRESSES_MAX, VISITORS_MAX, VISITORS_PER_ADDRESS_MAX, VISITS_BURST, VISITS_INTERVAL,
    };

    fn address(number: usize) -> IpAddr {
        Ipv4Addr::from(u32::try_from(number).unwrap()).into()
    }

    /// As many visitors from one address as find room at `now`.
    fn enter(visitors: &Visitors, from: IpAddr, now: Duration) -> usize {
        (0..=VISITORS_MAX).take_while(|_| visitors.take(from, now).is_some()).count()
    }

    #[test]
    fn one_address_takes_no_more_than_its_share_and_all_together_no_more_than_there_is() {
        let (visitors, now) = (Visitors::default(), Duration::ZERO);
        let all: usize = (1..100).map(|from| enter(&visitors, address(from), now)).sum();
        assert_eq!(all, VISITORS_MAX);
        visitors.leave(address(1));
        assert_eq!(enter(&visitors, address(2), now), 0, "its share is used up");
        assert_eq!(enter(&visitors, address(1), now), 1);
    }

    #[test]
    fn whoever_leaves_makes_room() {
        let visitors = Arc::new(Visitors::default());
        let mut rooms: Vec<_> = core::iter::from_fn(|| visitors.room(address(1))).collect();
        assert_eq!(rooms.len(), VISITORS_PER_ADDRESS_MAX);
        drop(rooms.pop());
        assert!(visitors.room(address(1)).is_some());
    }

    #[test]
    fn one_address_cannot_come_and_go_without_end() {
        let (visitors, burst) = (Visitors::default(), usize::try_from(VISITS_BURST).unwrap());
        let visits = |now| {
            let come_and_go = |_: &usize| {
                visitors.take(address(1), now).inspect(|()| visitors.leave(address(1))).is_some()
            };
            (0..2 * burst).take_while(come_and_go).count()
        };
        assert_eq!(visits(Duration::ZERO), burst);
        assert_eq!(visits(VISITS_INTERVAL), 1);
        assert_eq!(enter(&visitors, address(2), Duration::ZERO), VISITORS_PER_ADDRESS_MAX);
    }

    #[test]
    fn addresses_are_forgotten_when_there_is_nothing_to_remember() {
        let visitors = Visitors::default();
        let visit = |from, now| visitors.take(from, now).inspect(|()| visitors.leave(from));
        for from in 0..VISIT_ADDRESSES_MAX {
            assert!(visit(address(from), Duration::ZERO).is_some());
        }
        assert!(
            visit(address(VISIT_ADDRESSES_MAX), Duration::ZERO).is_none(),
            "no room to remember"
        );
        assert!(visit(address(0), Duration::ZERO).is_some());
        assert!(visit(address(VISIT_ADDRESSES_MAX), VISITS_INTERVAL * 2).is_some());
        assert_eq!(visitors.lock().len(), 1);
    }

    #[test]
    fn an_ipv6_network_counts_as_one_and_a_mapped_address_as_what_it_is() {
        let parse = |text: &str| network(text.parse().unwrap());
        assert_eq!(parse("2001:db8:1:2:3::4"), parse("2001:db8:1:2::9"));
        assert_ne!(parse("2001:db8:1:2::1"), parse("2001:db8:1:3::1"));
        assert_eq!(parse("::ffff:192.0.2.1"), parse("192.0.2.1"));
    }
}
