//! Event logs: one file for each field of the header and of an event, then replay, payloads, and
//! what somebody may do to a log on its way.

mod bytes;
mod digest_sizes;
mod digests;
mod event;
mod event_size;
mod event_type;
mod label;
mod padding;
mod pcr_index;
mod platform_class;
mod policy;
mod properties;
mod recorded;
mod replay;
mod runtime;
mod separators;
mod signature;
mod spec_version;
mod startup_locality;
mod tampering;
mod uintn_size;
mod vendor_info;
