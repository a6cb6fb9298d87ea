//! Boots a measured image under QEMU, with the simulator as its security processor.
#![forbid(unsafe_code)]

fn main() {}
