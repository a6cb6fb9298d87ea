//! The official SDKs of two languages as clients and as agents, in every pairing, every binding and
//! both versions of A2A: what a client hears through two runtimes is what the agent itself says.
//!
//! Every operation that the client asked for has to be on record at both runtimes, by version and
//! binding, so that what went around them fails.

pub(crate) mod crossing;
mod sdk;
mod transcript;

use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware, Image};

use crossing::Counts;
use sdk::Sdk;
use transcript::Heard;

const CALLER: &str = "assistant";

/// Every binding in both versions.
const INTERFACES: [&str; 6] =
    ["JSONRPC/1.0", "HTTP+JSON/1.0", "GRPC/1.0", "JSONRPC/0.3", "HTTP+JSON/0.3", "GRPC/0.3"];

/// A caller's runtime, and an agent of each SDK behind a runtime of its own.
struct Stage {
    _devnet: Devnet,
    caller: Enclave,
    agents: Vec<Enclave>,
}

impl Stage {
    /// With these rules in the policies of the agents' runtimes besides that the caller may call.
    async fn new(sdks: &[&Sdk], rules: &str) -> Self {
        let devnet = Devnet::start(Agents::Rust).await.unwrap();
        let (host, verifier) = (&devnet.host, &devnet.verifier);
        let caller = Image::build(host, verifier, CALLER, &[]).unwrap();
        // Where the clients' webhook is, which nobody calls.
        let caller = caller.with("\n[push]\nports = [9]\n", "").unwrap();
        verifier.admit(&caller).await.unwrap();
        let caller = Enclave::boot(host, verifier, &caller, Hardware::SnpMilan).await.unwrap();
        let mut agents = Vec::new();
        for sdk in sdks {
            let image = Image::running(&sdk.agent, host, verifier, sdk.language, &[CALLER]);
            let image = image.unwrap().with("", rules).unwrap();
            verifier.admit(&image).await.unwrap();
            agents.push(Enclave::boot(host, verifier, &image, Hardware::Tdx).await.unwrap());
        }
        Self { _devnet: devnet, caller, agents }
    }

    /// What an SDK's client hears from an agent through both runtimes, and what each of them, the
    /// caller's first, has on record of it.
    async fn through(&self, client: &Sdk, agent: &Enclave) -> (Heard, [Counts; 2]) {
        let before = self.on_record(agent).await;
        let heard = client.hear(&self.caller.agent_url(agent.name()), &INTERFACES).await;
        let after = self.on_record(agent).await;
        (heard, [crossing::since(&before[0], &after[0]), crossing::since(&before[1], &after[1])])
    }

    async fn on_record(&self, agent: &Enclave) -> [Counts; 2] {
        [crossing::on_record(&self.caller).await, crossing::on_record(agent).await]
    }

    /// What is not as it is without the runtimes.
    async fn amiss(&self, client: &Sdk, agent: &Enclave) -> Vec<String> {
        let around = at_itself(agent);
        let (direct, (through, crossed)) =
            tokio::join!(client.hear(&around, &INTERFACES), self.through(client, agent));
        let mut amiss = direct.undone(client.language, agent.name());
        amiss.extend(through.differences(&direct));
        let asked = crossing::asked(&through);
        amiss.extend(crossed.iter().filter_map(|counts| crossing::unlike(&asked, counts)));
        let pairing = format!("{} client, {} agent", client.language, agent.name());
        amiss.into_iter().map(|what| format!("{pairing}: {what}")).collect()
    }
}

/// Where an agent is for those who go around its runtime.
fn at_itself(agent: &Enclave) -> String {
    format!("http://{}/", agent.agent())
}

#[tokio::test]
async fn every_pairing_of_official_sdks_hears_through_two_runtimes_what_it_hears_without() {
    let (python, javascript) = (Sdk::python().await, Sdk::javascript().await);
    let sdks = [&python, &javascript];
    let stage = Stage::new(&sdks, "").await;
    let mut amiss = Vec::new();
    for client in sdks {
        for agent in &stage.agents {
            amiss.extend(stage.amiss(client, agent).await);
        }
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
}

#[tokio::test]
async fn a_client_that_goes_around_the_runtimes_is_noticed() {
    let python = Sdk::python().await;
    let stage = Stage::new(&[&python], "").await;
    let agent = &stage.agents[0];
    let before = stage.on_record(agent).await;
    let heard = python.hear(&at_itself(agent), &["JSONRPC/1.0"]).await;
    let after = stage.on_record(agent).await;
    let asked = crossing::asked(&heard);
    assert_eq!(asked["JSONRPC/1.0 send"], 3, "the client did ask");
    for (before, after) in before.iter().zip(&after) {
        let crossed = crossing::since(before, after);
        assert!(crossing::unlike(&asked, &crossed).is_some(), "{crossed:?}");
    }
    let differences = heard.differences(&heard);
    assert!(!differences.is_empty(), "the agent's own card passes for one that was carried");
}

/// Reading a task is forbidden, and nothing else.
const NOTHING_READ: &str = "forbid (principal, action == Action::\"get\", resource);\n";

#[tokio::test]
async fn what_policy_forbids_is_each_bindings_own_error_to_each_sdk() {
    let (python, javascript) = (Sdk::python().await, Sdk::javascript().await);
    let stage = Stage::new(&[&python], NOTHING_READ).await;
    for client in [&python, &javascript] {
        let (heard, [at_caller, at_agent]) = stage.through(client, &stage.agents[0]).await;
        for interface in INTERFACES {
            let error = heard.error(interface, "get");
            assert!(client.is_denial(interface, error), "{} {interface}: {error}", client.language);
            let get = format!("{interface} get");
            assert_eq!(at_caller.get(&get), Some(&3), "the caller's runtime has no such rule");
            assert_eq!(at_agent.get(&get), None, "it was permitted");
            assert_eq!(at_agent[&format!("{interface} send")], 3);
        }
    }
}
