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

use std::error::Error;
use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use agent::Agent;
use tiny_http::{Header, Method, Request, Response, Server};

const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// After this, what admission and start took is given back.
const IDLE: Duration = Duration::from_secs(3);

/// What the command line and the runtime say.
struct Arguments {
    name: String,
    port: u16,
    tell_memory: bool,
}

impl Arguments {
    fn read() -> Result<Self, Box<dyn Error + Send + Sync>> {
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

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments = Arguments::read()?;
    if arguments.tell_memory {
        thread::spawn(tell_memory);
    }
    let server = Server::http((Ipv4Addr::LOCALHOST, arguments.port))?;
    let agent = Agent::new(&arguments.name, arguments.port);
    for request in server.incoming_requests() {
        if let Err(error) = answer(request, &agent) {
            println!("connection: {error}");
        }
    }
    Ok(())
}

fn answer(mut request: Request, agent: &Agent) -> io::Result<()> {
    let said = match (request.method(), request.url()) {
        (Method::Get, agent::CARD_PATH) => Some(agent.card().to_owned()),
        (Method::Post, agent::RPC_PATH) => {
            let mut body = Vec::new();
            request.as_reader().take(BODY_BYTES_MAX).read_to_end(&mut body)?;
            Some(agent.call(&body))
        }
        _ => None,
    };
    let Some(said) = said else { return request.respond(Response::empty(404)) };
    let json = Header::from_bytes("content-type", "application/json");
    let json = json.map_err(|()| io::Error::other("not a header"))?;
    request.respond(Response::from_string(said).with_header(json))
}

/// Everything that is not free, the files of the root among it: in a measured guest they are in
/// memory and nowhere else.
fn tell_memory() {
    thread::sleep(IDLE);
    let memory = rustix::system::sysinfo();
    let used = memory.totalram.saturating_sub(memory.freeram);
    println!("used-kib: {}", used * u64::from(memory.mem_unit) / 1024);
}
