use core::net::Ipv4Addr;

use super::super::message::{Message, Op};
use super::super::options::{Kind, Options, Route};
use super::Lease;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 128, 0, 7);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 128, 0, 1);
const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

fn lease(yiaddr: Ipv4Addr, options: Options) -> Option<Lease> {
    let (op, chaddr) = (Op::Reply, [2; 6]);
    Lease::of(&Message { op, xid: 1, secs: 0, broadcast: true, yiaddr, chaddr, options })
}

fn options() -> Options {
    Options { server: Some(METADATA), ..Options::new(Kind::Ack) }
}

fn on_link(destination: Ipv4Addr, prefix: u8) -> Route {
    Route { destination, prefix, gateway: None }
}

fn through(gateway: Ipv4Addr, destination: Ipv4Addr, prefix: u8) -> Route {
    Route { destination, prefix, gateway: Some(gateway) }
}

fn default() -> Route {
    through(GATEWAY, Ipv4Addr::UNSPECIFIED, 0)
}

#[test]
fn the_first_router_that_can_be_one_is_the_gateway() {
    let routers = vec![Ipv4Addr::UNSPECIFIED, GATEWAY, METADATA];
    let given = lease(ADDRESS, Options { prefix: Some(20), routers, ..options() }).unwrap();
    assert_eq!((given.address, given.prefix, given.server), (ADDRESS, 20, METADATA));
    assert_eq!(given.routes, [default()]);
}

#[test]
fn a_gateway_outside_of_the_network_is_put_on_the_link_first() {
    let alone = Options { prefix: Some(32), routers: vec![GATEWAY], ..options() };
    let routes = [on_link(GATEWAY, 32), default()];
    assert_eq!(lease(ADDRESS, alone).unwrap().routes, routes);
    // The same without a mask: nobody else is on the link.
    let unmasked = lease(ADDRESS, Options { routers: vec![GATEWAY], ..options() }).unwrap();
    assert_eq!((unmasked.prefix, unmasked.routes.as_slice()), (32, &routes[..]));
}

#[test]
fn routes_count_and_routers_do_not_where_there_are_both() {
    let routers = vec![METADATA];
    let routes = vec![default(), on_link(GATEWAY, 32), through(GATEWAY, METADATA, 32)];
    let given = lease(ADDRESS, Options { prefix: Some(32), routers, routes, ..options() });
    assert_eq!(
        given.unwrap().routes,
        [on_link(GATEWAY, 32), default(), through(GATEWAY, METADATA, 32)],
        "the gateway is on the link, and is once"
    );
}

#[test]
fn one_gateway_of_many_routes_is_put_on_the_link_once() {
    let routes = vec![default(), through(GATEWAY, METADATA, 32)];
    let given = lease(ADDRESS, Options { prefix: Some(32), routes: routes.clone(), ..options() });
    assert_eq!(given.unwrap().routes, [&[on_link(GATEWAY, 32)][..], &routes].concat());
    let many = (0..200).map(|last| through(GATEWAY, Ipv4Addr::new(192, 0, 2, last), 32)).collect();
    let given = lease(ADDRESS, Options { prefix: Some(8), routes: many, ..options() });
    assert_eq!(given.unwrap().routes.len(), super::ROUTES_MAX);
}

#[test]
fn nobody_has_an_address_that_no_machine_can_have() {
    for bad in [[0, 0, 0, 0], [127, 0, 0, 1], [224, 0, 0, 1], [255, 255, 255, 255], [0, 1, 2, 3]] {
        assert_eq!(lease(bad.into(), options()), None, "{bad:?}");
        let server = Some(bad.into());
        assert_eq!(lease(ADDRESS, Options { server, ..options() }), None, "{bad:?}");
    }
    assert_eq!(lease(ADDRESS, Options::new(Kind::Ack)), None);
}
