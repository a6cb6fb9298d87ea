//! The smallest A2A agent: what images are tried and measured with, where the agent itself is not
//! what is looked at.
//!
//! It listens on loopback, in plain HTTP, with the JSON-RPC binding of A2A 1.0 and one method,
//! `SendMessage`, which says back what it is told, in upper case.
//!
//! What it deliberately does not do: stream, keep tasks, or anything else that an SDK brings. The
//! demo's agents are on the official SDKs.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an agent's output is all that its runtime has of it")]

mod agent;
mod http;

use std::error::Error;
use std::io::{BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use agent::Agent;
use http::{Answer, Request};

/// After this, what admission and start took is given back.
const IDLE: Duration = Duration::from_secs(3);

/// What the command line and the runtime say.
struct Arguments {
    name: String,
    port: u16,
    tell_memory: bool,
}

impl Arguments {
    fn read() -> Result<Self, Box<dyn Error>> {
        let (mut name, mut tell_memory) = (None, false);
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--name" => name = words.next(),
                "--tell-memory" => tell_memory = true,
                _ => return Err(format!("{word}: give --name NAME or --tell-memory").into()),
            }
        }
        let port = std::env::var("A2A_PORT").map_err(|_| "set A2A_PORT, as a runtime does")?;
        let port = port.parse().map_err(|_| format!("A2A_PORT is {port:?}, which is no port"))?;
        Ok(Self { name: name.ok_or("give --name NAME")?, port, tell_memory })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read()?;
    if arguments.tell_memory {
        thread::spawn(tell_memory);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port))?;
    let agent = Arc::new(Agent::new(&arguments.name, listener.local_addr()?.port()));
    for stream in listener.incoming() {
        let (stream, agent) = (stream?, Arc::clone(&agent));
        thread::spawn(move || {
            if let Err(error) = serve(&stream, &agent) {
                println!("connection: {error}");
            }
        });
    }
    Ok(())
}

/// Answers request after request, until the other side has no more.
fn serve(stream: &TcpStream, agent: &Agent) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut source = BufReader::new(stream);
    while let Some(request) = Request::read(&mut source)? {
        let answer = answer(&request, agent);
        let mut sink = stream;
        sink.write_all(&answer.to_bytes())?;
    }
    Ok(())
}

fn answer(request: &Request, agent: &Agent) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", agent::CARD_PATH) => Answer::ok(agent.card()),
        ("POST", agent::RPC_PATH) => Answer::ok(&agent.call(&request.body)),
        _ => Answer::not_found(),
    }
}

/// Everything that is not free, the files of the root among it: in a measured guest they are in
/// memory and nowhere else.
fn tell_memory() {
    thread::sleep(IDLE);
    let memory = rustix::system::sysinfo();
    let used = memory.totalram.saturating_sub(memory.freeram);
    println!("used-kib: {}", used * u64::from(memory.mem_unit) / 1024);
}
