//! Options: what a message says besides its fixed fields.
//!
//! An option that stands more than once is one option in pieces, as RFC 3396 has it; a second mask
//! makes the first one too long, so that it is refused and none of the two is chosen. Where option 52
//! says that `file` and `sname` hold options, they are read, in this order, behind the others. Each
//! of the fields has to say where its options end. Unknown options are passed over.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use super::message::Malformed;

/// What a message is for.
// SPEC: RFC 2132 section 9.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Who has an address?
    Discover,
    /// This one could be had.
    Offer,
    /// It is asked for.
    Request,
    /// It is the client's.
    Ack,
    /// It is not, or no more.
    Nak,
}

/// Where packets for some addresses go.
// SPEC: RFC 3442.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The addresses' common bits.
    pub destination: Ipv4Addr,
    /// How many those are; none is everybody.
    pub prefix: u8,
    /// Who passes the packets on; `None` where their receivers are on the link.
    pub gateway: Option<Ipv4Addr>,
}

/// The options that matter to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// 53.
    pub kind: Kind,
    /// 1, as the length of the prefix.
    pub prefix: Option<u8>,
    /// 3.
    pub routers: Vec<Ipv4Addr>,
    /// 6.
    pub resolvers: Vec<Ipv4Addr>,
    /// 50: the address that a client asks for.
    pub requested: Option<Ipv4Addr>,
    /// 51.
    pub lease_secs: Option<u32>,
    /// 54: the server that offers, or whose offer is taken.
    pub server: Option<Ipv4Addr>,
    /// 55: the options that a client asks for.
    pub parameters: Vec<u8>,
    /// 57.
    pub bytes_max: Option<u16>,
    /// 121: instead of the routers, where there is one.
    pub routes: Vec<Route>,
}

pub(super) const MASK: u8 = 1;
pub(super) const ROUTERS: u8 = 3;
pub(super) const RESOLVERS: u8 = 6;
pub(super) const ROUTES: u8 = 121;
const REQUESTED: u8 = 50;
const LEASE: u8 = 51;
const OVERLOAD: u8 = 52;
const KIND: u8 = 53;
const SERVER: u8 = 54;
const PARAMETERS: u8 = 55;
const BYTES_MAX: u8 = 57;

const PAD: u8 = 0;
const END: u8 = 255;

/// Options by their number, pieces put together.
type Joined = BTreeMap<u8, Vec<u8>>;

impl Options {
    /// Nothing but what the message is for.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            prefix: None,
            routers: Vec::new(),
            resolvers: Vec::new(),
            requested: None,
            lease_secs: None,
            server: None,
            parameters: Vec::new(),
            bytes_max: None,
            routes: Vec::new(),
        }
    }

    /// Parses the options of the field that is theirs, and of those that may hold more.
    pub(super) fn parse(field: &[u8], file: &[u8], sname: &[u8]) -> Result<Self, Malformed> {
        let mut joined = Joined::new();
        join(field, &mut joined)?;
        // SPEC: RFC 2132 section 9.3, RFC 3396 section 5.
        let more: &[&[u8]] = match joined.remove(&OVERLOAD).as_deref() {
            None => &[],
            Some([1]) => &[file],
            Some([2]) => &[sname],
            Some([3]) => &[file, sname],
            Some(_) => return Err(Malformed::Option(OVERLOAD)),
        };
        more.iter().try_for_each(|field| join(field, &mut joined))?;
        Self::of(&joined)
    }

    fn of(joined: &Joined) -> Result<Self, Malformed> {
        let number = |option| exactly(joined, option).map(|it| it.map(u32::from_be_bytes));
        let address = |option| exactly(joined, option).map(|it| it.map(Ipv4Addr::from_octets));
        Ok(Self {
            kind: exactly(joined, KIND)?.map_or(Err(Malformed::Untyped), Kind::of)?,
            prefix: number(MASK)?.map(prefix).transpose()?,
            routers: addresses(joined, ROUTERS)?,
            resolvers: addresses(joined, RESOLVERS)?,
            requested: address(REQUESTED)?,
            lease_secs: number(LEASE)?,
            server: address(SERVER)?,
            parameters: joined.get(&PARAMETERS).cloned().unwrap_or_default(),
            bytes_max: exactly(joined, BYTES_MAX)?.map(u16::from_be_bytes),
            routes: joined.get(&ROUTES).map_or_else(|| Ok(Vec::new()), |bytes| routes(bytes))?,
        })
    }

    /// Appends the options, and their end. What is too long for one option is in several.
    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        let octets = |address: Ipv4Addr| address.octets().to_vec();
        let list = |all: &[Ipv4Addr]| all.iter().flat_map(|address| address.octets()).collect();
        let all = [
            (KIND, vec![self.kind.number()]),
            (MASK, self.prefix.map(|it| mask(it).to_be_bytes().to_vec()).unwrap_or_default()),
            (ROUTERS, list(&self.routers)),
            (RESOLVERS, list(&self.resolvers)),
            (REQUESTED, self.requested.map(octets).unwrap_or_default()),
            (LEASE, self.lease_secs.map(|it| it.to_be_bytes().to_vec()).unwrap_or_default()),
            (SERVER, self.server.map(octets).unwrap_or_default()),
            (PARAMETERS, self.parameters.clone()),
            (BYTES_MAX, self.bytes_max.map(|it| it.to_be_bytes().to_vec()).unwrap_or_default()),
            (ROUTES, self.routes.iter().flat_map(Route::encode).collect()),
        ];
        for (option, content) in all {
            for piece in content.chunks(usize::from(u8::MAX)) {
                to.push(option);
                to.push(u8::try_from(piece.len()).unwrap_or(u8::MAX));
                to.extend(piece);
            }
        }
        to.push(END);
    }
}

impl Kind {
    const fn of([number]: [u8; 1]) -> Result<Self, Malformed> {
        Ok(match number {
            1 => Self::Discover,
            2 => Self::Offer,
            3 => Self::Request,
            5 => Self::Ack,
            6 => Self::Nak,
            _ => return Err(Malformed::Option(KIND)),
        })
    }

    const fn number(self) -> u8 {
        match self {
            Self::Discover => 1,
            Self::Offer => 2,
            Self::Request => 3,
            Self::Ack => 5,
            Self::Nak => 6,
        }
    }
}

impl Route {
    /// The length of the prefix, as many bytes as that needs, and the gateway.
    fn encode(&self) -> Vec<u8> {
        let significant = usize::from(self.prefix.div_ceil(8));
        let gateway = self.gateway.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let destination = self.destination.octets();
        let destination = destination.into_iter().take(significant);
        [self.prefix].into_iter().chain(destination).chain(gateway.octets()).collect()
    }
}

/// Adds the options of one field, up to their end.
fn join(mut rest: &[u8], joined: &mut Joined) -> Result<(), Malformed> {
    loop {
        rest = match rest {
            [END, ..] => return Ok(()),
            [PAD, rest @ ..] => rest,
            [option, length, rest @ ..] => {
                let (content, rest) =
                    rest.split_at_checked(usize::from(*length)).ok_or(Malformed::Truncated)?;
                joined.entry(*option).or_default().extend(content);
                rest
            }
            [] | [_] => return Err(Malformed::Truncated),
        };
    }
}

/// The content of an option that has exactly so many bytes.
fn exactly<const N: usize>(joined: &Joined, option: u8) -> Result<Option<[u8; N]>, Malformed> {
    let content = joined.get(&option).map(|content| <[u8; N]>::try_from(content.as_slice()));
    content.transpose().map_err(|_| Malformed::Option(option))
}

fn addresses(joined: &Joined, option: u8) -> Result<Vec<Ipv4Addr>, Malformed> {
    let Some(content) = joined.get(&option) else { return Ok(Vec::new()) };
    let (addresses, rest) = content.as_chunks::<4>();
    if addresses.is_empty() || !rest.is_empty() {
        return Err(Malformed::Option(option));
    }
    Ok(addresses.iter().copied().map(Ipv4Addr::from_octets).collect())
}

/// The length of a mask that is ones before zeros, and not of everybody.
fn prefix(bits: u32) -> Result<u8, Malformed> {
    let ones = bits.leading_ones();
    let length = u8::try_from(ones).ok().filter(|length| *length > 0 && mask(*length) == bits);
    length.ok_or(Malformed::Option(MASK))
}

/// The mask of so many ones.
pub(super) fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shr(u32::from(prefix)).map_or(u32::MAX, |zeros| !zeros)
}

// SPEC: RFC 3442, "Classless Route Option Format".
fn routes(mut rest: &[u8]) -> Result<Vec<Route>, Malformed> {
    const MALFORMED: Malformed = Malformed::Option(ROUTES);
    let mut routes = Vec::new();
    while let [prefix, after @ ..] = rest {
        let significant = usize::from(prefix.div_ceil(8));
        let (destination, after) = after.split_at_checked(significant).ok_or(MALFORMED)?;
        let (gateway, after) = after.split_first_chunk::<4>().ok_or(MALFORMED)?;
        let mut octets = [0; 4];
        // More than four bytes are more than 32 bits.
        octets.get_mut(..significant).ok_or(MALFORMED)?.copy_from_slice(destination);
        let masked = Ipv4Addr::from_octets(octets).to_bits() & mask(*prefix);
        // RFC 3442: 0.0.0.0 is no gateway, but says that the receivers are on the link.
        let gateway = Ipv4Addr::from_octets(*gateway);
        routes.push(Route {
            destination: Ipv4Addr::from_bits(masked),
            prefix: *prefix,
            gateway: (!gateway.is_unspecified()).then_some(gateway),
        });
        rest = after;
    }
    Ok(routes)
}
