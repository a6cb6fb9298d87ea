//! Event logs: one file for each field of the header and of an event, then replay and payloads.

mod recorded;
