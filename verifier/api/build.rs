//! Compiles the protocol description; no `protoc` is needed.

#![allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

use std::error::Error;

const PROTO: &str = "cloister/v1/verifier.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile([PROTO], ["proto"])?;
    // Without the transport: this crate opens no connection; whoever does brings a channel.
    tonic_prost_build::configure().build_transport(false).compile_fds(descriptors)?;
    Ok(())
}
