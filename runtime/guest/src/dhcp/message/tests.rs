use core::net::Ipv4Addr;

use proptest::prelude::*;

use super::super::options::{Kind, Options, Route};
use super::{FILE, FIXED, LEAST, MESSAGE_BYTES_MAX, Malformed, Message, Op, SNAME};

const OPTIONS: usize = FIXED + 4;

fn offer() -> Message {
    let options = Options {
        prefix: Some(24),
        routers: vec![Ipv4Addr::new(10, 0, 2, 2)],
        resolvers: vec![Ipv4Addr::new(10, 0, 2, 3), Ipv4Addr::new(1, 1, 1, 1)],
        lease_secs: Some(86_400),
        server: Some(Ipv4Addr::new(10, 0, 2, 2)),
        ..Options::new(Kind::Offer)
    };
    Message {
        op: Op::Reply,
        xid: 0x0102_0304,
        secs: 7,
        broadcast: true,
        yiaddr: Ipv4Addr::new(10, 0, 2, 15),
        chaddr: [0x52, 0x54, 0, 0x12, 0x34, 0x56],
        options,
    }
}

/// The fixed fields of the offer, and these options.
fn with_options(options: &[u8]) -> Vec<u8> {
    [&offer().encode()[..OPTIONS], options].concat()
}

fn parsed(options: &[u8]) -> Result<Options, Malformed> {
    Message::parse(&with_options(options)).map(|message| message.options)
}

/// The same with other bytes at `at`.
fn changed(at: usize, bytes: &[u8]) -> Result<Message, Malformed> {
    let mut message = offer().encode();
    message[at..at + bytes.len()].copy_from_slice(bytes);
    Message::parse(&message)
}

#[test]
fn op_is_a_request_or_a_reply() {
    assert_eq!(changed(0, &[1]).unwrap().op, Op::Request);
    assert_eq!(changed(0, &[3]), Err(Malformed::Op(3)));
}

#[test]
fn htype_and_hlen_are_those_of_ethernet() {
    assert_eq!(changed(1, &[6]), Err(Malformed::Hardware(6, 6)));
    assert_eq!(changed(2, &[16]), Err(Malformed::Hardware(1, 16)));
}

#[test]
fn xid_secs_flags_yiaddr_and_chaddr_are_where_the_figure_has_them() {
    let changed = |at, bytes: &[u8]| changed(at, bytes).unwrap();
    assert_eq!(changed(4, &[9, 8, 7, 6]).xid, 0x0908_0706);
    assert_eq!(changed(8, &[1, 2]).secs, 0x0102);
    assert!(!changed(10, &[0x7f, 0xff]).broadcast);
    assert_eq!(changed(16, &[192, 0, 2, 1]).yiaddr, Ipv4Addr::new(192, 0, 2, 1));
    assert_eq!(changed(28, &[1, 2, 3, 4, 5, 6]).chaddr, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn fields_that_no_client_needs_may_say_anything() {
    for (at, length) in [(3, 1), (12, 4), (20, 8), (34, 10), (SNAME, FIXED - SNAME)] {
        assert_eq!(changed(at, &vec![0xee; length]).unwrap(), offer(), "{at}");
    }
}

#[test]
fn a_message_is_as_long_as_relays_want_it_and_no_longer_than_a_frame() {
    let encoded = offer().encode();
    assert_eq!(encoded.len(), LEAST);
    assert_eq!(Message::parse(&encoded[..FIXED - 1]), Err(Malformed::Length(FIXED - 1)));
    let with_zeros = |length: usize| {
        let mut bytes = encoded.clone();
        bytes.resize(length, 0);
        Message::parse(&bytes)
    };
    assert_eq!(with_zeros(MESSAGE_BYTES_MAX).unwrap(), offer());
    let over = MESSAGE_BYTES_MAX + 1;
    assert_eq!(with_zeros(over), Err(Malformed::Length(over)));
}

#[test]
fn the_cookie_stands_before_the_options() {
    assert_eq!(changed(FIXED, &[99, 130, 83, 98]), Err(Malformed::Cookie));
    assert_eq!(Message::parse(&offer().encode()[..FIXED]), Err(Malformed::Cookie));
}

#[test]
fn options_have_an_end_and_what_they_say_is_there() {
    for cut in [&[][..], &[53], &[53, 1], &[53, 1, 2], &[53, 1, 2, 6, 5, 1, 255], &[0, 0]] {
        assert_eq!(parsed(cut), Err(Malformed::Truncated), "{cut:?}");
    }
    assert_eq!(parsed(&[0, 53, 1, 2, 0, 255, 99]), Ok(Options::new(Kind::Offer)));
}

#[test]
fn message_type_is_one_that_is_known() {
    assert_eq!(parsed(&[255]), Err(Malformed::Untyped));
    assert_eq!(parsed(&[53, 0, 255]), Err(Malformed::Option(53)));
    assert_eq!(parsed(&[53, 1, 4, 255]), Err(Malformed::Option(53)));
    assert_eq!(parsed(&[53, 2, 2, 2, 255]), Err(Malformed::Option(53)));
}

#[test]
fn subnet_mask_is_ones_before_zeros() {
    let mask = |mask: [u8; 4]| {
        let [a, b, c, d] = mask;
        parsed(&[53, 1, 2, 1, 4, a, b, c, d, 255]).map(|options| options.prefix)
    };
    assert_eq!(mask([255, 255, 255, 255]), Ok(Some(32)));
    assert_eq!(mask([128, 0, 0, 0]), Ok(Some(1)));
    for bad in [[0, 0, 0, 0], [255, 0, 255, 0], [255, 255, 255, 1], [0, 255, 255, 255]] {
        assert_eq!(mask(bad), Err(Malformed::Option(1)), "{bad:?}");
    }
}

#[test]
fn an_option_in_pieces_is_one_and_a_second_value_is_one_too_many() {
    let pieces = [53, 1, 2, 6, 2, 10, 0, 6, 2, 2, 3, 255];
    assert_eq!(parsed(&pieces).unwrap().resolvers, [Ipv4Addr::new(10, 0, 2, 3)]);
    let twice = [53, 1, 2, 1, 4, 255, 0, 0, 0, 1, 4, 255, 255, 0, 0, 255];
    assert_eq!(parsed(&twice), Err(Malformed::Option(1)));
}

#[test]
fn addresses_are_whole_and_there_is_one() {
    for option in [3, 6] {
        for length in [0, 3, 5] {
            let content = vec![10; usize::from(length)];
            let options = [&[53, 1, 2, option, length], content.as_slice(), &[255]].concat();
            assert_eq!(parsed(&options), Err(Malformed::Option(option)), "{length}");
        }
    }
}

#[test]
fn option_overload_says_where_more_options_are() {
    let file = [6, 4, 10, 0, 2, 3, 255];
    let sname = [6, 4, 10, 0, 2, 4, 255];
    let both = |overload: &[u8]| {
        let mut bytes = with_options(&[&[53, 1, 2], overload, &[255]].concat());
        bytes[FILE..FILE + file.len()].copy_from_slice(&file);
        bytes[SNAME..SNAME + sname.len()].copy_from_slice(&sname);
        let resolvers = Message::parse(&bytes)?.options.resolvers;
        Ok(resolvers.iter().map(|it| it.octets()[3]).collect::<Vec<_>>())
    };
    assert_eq!(both(&[]), Ok(vec![]));
    assert_eq!(both(&[52, 1, 1]), Ok(vec![3]));
    assert_eq!(both(&[52, 1, 2]), Ok(vec![4]));
    assert_eq!(both(&[52, 1, 3]), Ok(vec![3, 4]));
    assert_eq!(both(&[52, 1, 4]), Err(Malformed::Option(52)));
    // Zeros, without an end.
    assert_eq!(parsed(&[53, 1, 2, 52, 1, 1, 255]), Err(Malformed::Truncated));
}

#[test]
fn classless_routes_are_as_long_as_their_prefixes() {
    let routes = |content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap();
        parsed(&[&[53, 1, 2, 121, length], content, &[255]].concat()).map(|it| it.routes)
    };
    let gateway = Some(Ipv4Addr::new(10, 0, 0, 1));
    let all = [0, 10, 0, 0, 1, 32, 10, 0, 0, 1, 0, 0, 0, 0, 12, 192, 168, 10, 0, 0, 1];
    let route = |destination: [u8; 4], prefix, gateway| Route {
        destination: destination.into(),
        prefix,
        gateway,
    };
    let expected = [
        route([0; 4], 0, gateway),
        route([10, 0, 0, 1], 32, None),
        // Bits behind the prefix are cleared: RFC 3442.
        route([192, 160, 0, 0], 12, gateway),
    ];
    assert_eq!(routes(&all).unwrap(), expected);
    for bad in [&[33, 1, 2, 3, 4, 10, 0, 0, 1][..], &[255; 40], &[24, 10, 0, 0, 10, 0, 0], &[0]] {
        assert_eq!(routes(bad), Err(Malformed::Option(121)), "{bad:?}");
    }
}

fn address() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>().prop_map(Ipv4Addr::from_bits)
}

fn route() -> impl Strategy<Value = Route> {
    (address(), 0..=32_u8, any::<u32>()).prop_map(|(destination, prefix, gateway)| Route {
        destination: Ipv4Addr::from_bits(
            destination.to_bits() & super::super::options::mask(prefix),
        ),
        prefix,
        gateway: (gateway != 0).then_some(Ipv4Addr::from_bits(gateway)),
    })
}

fn options() -> impl Strategy<Value = Options> {
    let kinds = [Kind::Discover, Kind::Offer, Kind::Request, Kind::Ack, Kind::Nak];
    let list = || proptest::collection::vec(address(), 0..80);
    let numbers = (proptest::option::of(1..=32_u8), proptest::option::of(any::<u32>()));
    let addresses = (proptest::option::of(address()), proptest::option::of(address()));
    let lists = (list(), list(), proptest::collection::vec(route(), 0..20));
    let rest = (proptest::collection::vec(any::<u8>(), 0..9), proptest::option::of(any::<u16>()));
    (proptest::sample::select(kinds.to_vec()), numbers, addresses, lists, rest).prop_map(
        |(kind, numbers, addresses, lists, rest)| Options {
            kind,
            prefix: numbers.0,
            lease_secs: numbers.1,
            requested: addresses.0,
            server: addresses.1,
            routers: lists.0,
            resolvers: lists.1,
            routes: lists.2,
            parameters: rest.0,
            bytes_max: rest.1,
        },
    )
}

proptest! {
    #[test]
    fn what_is_encoded_parses_to_the_same(
        xid: u32, secs: u16, broadcast: bool, yiaddr in address(), chaddr: [u8; 6],
        is_request: bool, options in options(),
    ) {
        let op = if is_request { Op::Request } else { Op::Reply };
        let message = Message { op, xid, secs, broadcast, yiaddr, chaddr, options };
        prop_assert_eq!(Message::parse(&message.encode()), Ok(message));
    }

    #[test]
    fn whatever_stands_in_the_options_has_an_answer(
        options in proptest::collection::vec(any::<u8>(), 0..400), overload in 0..5_u8,
    ) {
        let _ = parsed(&options);
        let _ = parsed(&[&[53, 1, 2, 52, 1, overload], options.as_slice(), &[255]].concat());
    }

    #[test]
    fn whatever_comes_has_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = Message::parse(&bytes);
    }
}
