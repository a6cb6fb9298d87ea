//! A network namespace for what stands between two runtimes, with one wire to this one.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd as _;
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Removed when it is dropped, and its wire with it.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
    /// This end of the wire.
    pub(crate) near: IpAddr,
    /// The end inside.
    pub(crate) far: IpAddr,
}

impl Namespace {
    /// `None`, and a line that says why, where this machine does not let us make one.
    pub(crate) fn new() -> Option<Self> {
        let number = std::process::id();
        // A network of four addresses for each process, out of 10.213.0.0/16.
        let [.., high, low] = (number << 2).to_be_bytes();
        let address = |host: u8| IpAddr::V4(Ipv4Addr::new(10, 213, high, low | host));
        let name = format!("cloister-{number}");
        let namespace = Self { name, near: address(1), far: address(2) };
        match namespace.make() {
            Ok(()) => Some(namespace),
            Err(why) => {
                #[expect(clippy::print_stdout, reason = "what was not tested has to be seen")]
                {
                    println!("skipped: no network namespace here: {why}");
                }
                None
            }
        }
    }

    fn make(&self) -> Result<(), String> {
        let Self { name, near, far } = self;
        let [here, there] = self.wire();
        for words in [
            format!("netns add {name}"),
            format!("link add {here} type veth peer name {there} netns {name}"),
            format!("address add {near}/30 dev {here}"),
            format!("-n {name} address add {far}/30 dev {there}"),
            format!("link set {here} up"),
            format!("-n {name} link set {there} up"),
        ] {
            ip(&words)?;
        }
        Ok(())
    }

    /// Both ends of the wire. An interface's name has at most 15 bytes.
    fn wire(&self) -> [String; 2] {
        let number = self.name.trim_start_matches("cloister-");
        [format!("cl{number}n"), format!("cl{number}f")]
    }

    /// Moves the calling thread inside. What it opens from now on is there.
    pub(crate) fn enter(&self) {
        let file = File::open(format!("/run/netns/{}", self.name)).unwrap();
        let network = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(file.as_fd(), network).unwrap();
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The wire goes with either of its ends; what was never made is not there to be removed.
        drop(ip(&format!("link delete {}", self.wire()[0])));
        drop(ip(&format!("netns delete {}", self.name)));
    }
}

fn ip(words: &str) -> Result<(), String> {
    let done = Command::new("ip").args(words.split(' ')).output();
    let done = done.map_err(|error| format!("ip: {error}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.success() { Ok(()) } else { Err(format!("ip {words}: {}", said.trim())) }
}
