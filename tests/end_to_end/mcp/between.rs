//! A tool server behind two runtimes, and an account of what crossed them.

use std::collections::BTreeMap;
use std::time::Duration;

use cloister_audit::record::Ending;
use cloister_audit::{Event, Record};
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware, Image};

use super::server::{Seen, ToolServer};

const CALLER: &str = "assistant";
const CALLEE: &str = "translator";

const SETTLING_PAUSE: Duration = Duration::from_millis(100);
const SETTLING_ATTEMPTS: usize = 50;

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
    /// Sent on, and not ended yet.
    open: usize,
}

impl Account {
    /// Once every request has ended: how one ended that its caller gave up is on record a moment
    /// after its caller is gone.
    async fn of(enclave: &Enclave) -> Self {
        let mut account = Self::read(&enclave.records().await.unwrap());
        for _ in 0..SETTLING_ATTEMPTS {
            if account.open == 0 {
                break;
            }
            tokio::time::sleep(SETTLING_PAUSE).await;
            account = Self::read(&enclave.records().await.unwrap());
        }
        account
    }

    fn read(records: &[Record]) -> Self {
        let endings: BTreeMap<u64, &Ending> = records
            .iter()
            .filter_map(|record| {
                let Event::Outcome(outcome) = &record.event else { return None };
                Some((outcome.of, &outcome.ending))
            })
            .collect();
        let mut account = Self::default();
        for record in records {
            let Event::Operation(operation) = &record.event else { continue };
            let ending = endings.get(&record.sequence);
            if operation.protocol != "MCP" || matches!(ending, Some(Ending::Failed { .. })) {
                continue;
            }
            if !operation.verdict.permitted {
                account.denied += 1;
                continue;
            }
            account.forwarded += 1;
            account.given_up +=
                usize::from(matches!(ending, Some(Ending::Cancelled { status: None })));
            account.open += usize::from(ending.is_none());
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
