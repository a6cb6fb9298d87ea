//! Push notifications between two gateways: what the other side is given, what the caller sees, and
//! who is delivered to.

mod adversaries;
mod configurations;
mod deliveries;
mod pair;
