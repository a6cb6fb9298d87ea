//! A tool server behind two runtimes, and an account of what crossed them.

use std::collections::BTreeSet;

use cloister_audit::record::Ending;
use cloister_audit::{Event, Record};
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware, Image};

use super::server::{Seen, ToolServer};

const CALLER: &str = "assistant";
const CALLEE: &str = "translator";

/// The caller's runtime, the runtime that exposes the server, and the server.
pub(crate) struct Between {
    _devnet: Devnet,
    caller: Enclave,
    callee: Enclave,
    pub(crate) server: ToolServer,
}

impl Between {
    /// Everything is permitted.
    pub(crate) async fn new() -> Self {
        Self::under("", "").await
    }

    /// Under more rules at the calling and at the called end.
    pub(crate) async fn under(calling: &str, called: &str) -> Self {
        let (server, devnet) = (ToolServer::start().await, Devnet::start(Agents::Rust).await);
        let devnet = devnet.unwrap();
        // Of tools that are held to something a runtime asks on its own account, and what it asks
        // is nothing that a client sent.
        let section = "\n[tools.everything]\nunpinned = \"accept\"\n";
        let behind = format!("{section}agent = \"{CALLEE}\"\n");
        let exposed = format!("{section}url = \"{}\"\nexposed = true\n", server.url);
        let (caller, callee) = (
            enclave(&devnet, CALLER, &[], (&behind, calling), Hardware::SnpMilan).await,
            enclave(&devnet, CALLEE, &[CALLER], (&exposed, called), Hardware::Tdx).await,
        );
        Self { _devnet: devnet, caller, callee, server }
    }

    /// Where a client beside the caller finds the server.
    pub(crate) fn url(&self) -> String {
        self.caller.tool_url("everything")
    }

    /// What crossed so far, by the server's account and both runtimes'.
    pub(crate) async fn crossing(&self) -> Crossing {
        Crossing {
            seen: self.server.seen(),
            caller: Account::of(&self.caller).await,
            callee: Account::of(&self.callee).await,
        }
    }
}

async fn enclave(
    devnet: &Devnet,
    name: &str,
    callers: &[&str],
    (manifest, rules): (&str, &str),
    hardware: Hardware,
) -> Enclave {
    let (host, verifier) = (&devnet.host, &devnet.verifier);
    let image = Image::build(host, verifier, name, callers).unwrap();
    let image = image.with(manifest, rules).unwrap();
    verifier.admit(&image).await.unwrap();
    Enclave::boot(host, verifier, &image, hardware).await.unwrap()
}

/// What a runtime has on record about MCP requests.
#[derive(Debug, Default)]
struct Account {
    /// Sent on: permitted, and not refused afterwards.
    forwarded: usize,
    /// Of these, given up by the caller before anything came back: whether it had been sent on by
    /// then is not on record.
    given_up: usize,
    /// Refused by policy.
    denied: usize,
}

impl Account {
    async fn of(enclave: &Enclave) -> Self {
        let records = enclave.records().await.unwrap();
        let ended = |how: fn(&Ending) -> bool| {
            let of = |record: &Record| {
                let Event::Outcome(outcome) = &record.event else { return None };
                how(&outcome.ending).then_some(outcome.of)
            };
            records.iter().filter_map(of).collect::<BTreeSet<u64>>()
        };
        let failed = ended(|ending| matches!(ending, Ending::Failed { .. }));
        let given_up = ended(|ending| matches!(ending, Ending::Cancelled { status: None }));
        let mut account = Self::default();
        for record in &records {
            let Event::Operation(operation) = &record.event else { continue };
            if operation.protocol != "MCP" || failed.contains(&record.sequence) {
                continue;
            }
            let count = if operation.verdict.permitted {
                &mut account.forwarded
            } else {
                &mut account.denied
            };
            *count += 1;
            account.given_up += usize::from(given_up.contains(&record.sequence));
        }
        account
    }

    /// Whether so many requests are what it sent on.
    fn sent(&self, arrived: usize) -> bool {
        (self.forwarded - self.given_up..=self.forwarded).contains(&arrived)
    }
}

/// Three accounts of the same requests.
#[derive(Debug)]
pub(crate) struct Crossing {
    seen: Vec<Seen>,
    caller: Account,
    callee: Account,
}

impl Crossing {
    /// Whether something crossed, all of it, and nothing went another way: how much.
    pub(crate) fn check(&self) -> Result<usize, String> {
        let Self { seen, caller, callee } = self;
        let strangers = seen.iter().filter(|peer| peer.as_deref() != Some(CALLER)).count();
        let agree = caller.sent(callee.forwarded + callee.denied) && callee.sent(seen.len());
        if agree && strangers == 0 && !seen.is_empty() {
            return Ok(seen.len());
        }
        Err(format!(
            "of the caller's runtime {caller:?}, of the other {callee:?}, and the server saw {}, \
             {strangers} of them not from {CALLER}",
            seen.len()
        ))
    }
}
