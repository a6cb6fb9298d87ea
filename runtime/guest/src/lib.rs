//! The first process of a guest, and the fence around the agent.
#![forbid(unsafe_code)]
