//! One runtime: its image, its host's file, its simulated TEE, and its agent.

use core::fmt::Write as _;
use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use cloister_attestation::bytes::Digest48;
use cloister_attestation::snp::Product;
use cloister_node::phase::Phase;
use cloister_node::{AgentConfig, NodeConfig, Runtime, Surroundings};
use cloister_simulator::server::{Server, serve};
use cloister_simulator::{Guest, ProcessImage};

use crate::agent::Agent;
use crate::world::{TRUST_DOMAIN, World, stand_in};

/// The program under test; here it only becomes agents.
pub(crate) const CLOISTERD: &str = env!("CARGO_BIN_EXE_cloisterd");

/// An image on disk, and the host's file beside it.
pub(crate) struct Image {
    pub(crate) folder: PathBuf,
    pub(crate) measured: ProcessImage,
    pub(crate) agent: Agent,
}

impl Image {
    /// An agent of this name that these callers may call, and that may call everybody.
    pub(crate) async fn build(world: &World, name: &str, callers: &[&str]) -> Self {
        Self::demanding(world, name, callers, "").await
    }

    /// The same with more lines in `[peers]` of the measured file.
    pub(crate) async fn demanding(
        world: &World,
        name: &str,
        callers: &[&str],
        peers: &str,
    ) -> Self {
        Self::with_policy(world, name, &policy(name, callers), peers).await
    }

    /// An admitted agent under this policy, with more lines in `[peers]` of the measured file.
    pub(crate) async fn governed(world: &World, name: &str, policy: &str, peers: &str) -> Self {
        let image = Self::with_policy(world, name, policy, peers).await;
        world.admit(&image.agent_toml(), &image.measured).await;
        image
    }

    async fn with_policy(world: &World, name: &str, policy: &str, peers: &str) -> Self {
        let folder = world.folder(name);
        let agent = Agent::start().await;
        fs::write(folder.join("policy.cedar"), policy).unwrap();
        fs::copy(world.trust_root(), folder.join("trust.pem")).unwrap();
        fs::write(folder.join("agent.toml"), agent_toml(world, name, &agent, peers)).unwrap();
        let measured = ProcessImage {
            runtime: stand_in("runtime"),
            agent: stand_in("agent"),
            policy: measure(&folder.join("policy.cedar")),
            manifest: measure(&folder.join("agent.toml")),
        };
        Self { folder, measured, agent }
    }

    /// Builds it and has it admitted.
    pub(crate) async fn admitted(world: &World, name: &str, callers: &[&str]) -> Self {
        let image = Self::build(world, name, callers).await;
        world.admit(&image.agent_toml(), &image.measured).await;
        image
    }

    pub(crate) fn agent_toml(&self) -> PathBuf {
        self.folder.join("agent.toml")
    }

    /// Where the agent's program writes its process id.
    pub(crate) fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }

    pub(crate) fn guest(&self, world: &World) -> Guest {
        Guest::snp(&world.pki, Product::Milan, &self.measured)
    }

    /// Starts a runtime from it, with more lines in the host's file.
    pub(crate) async fn start_with(self, world: &World, host: &str) -> Node {
        let socket = self.folder.join("tee.sock");
        let tee = serve(UnixListener::bind(&socket).unwrap(), self.guest(world)).unwrap();
        let mut node_toml = format!(
            "listen = \"127.0.0.1:0\"\nverifier = \"{}\"\nsurface = \"127.0.0.1:0\"\n\
             operator = \"127.0.0.1:0\"\n{host}\n",
            world.address()
        );
        write!(node_toml, "[tee]\nkind = \"simulator\"\nsimulator_socket = {socket:?}\n").unwrap();
        fs::write(self.folder.join("node.toml"), node_toml).unwrap();
        let agent = AgentConfig::load(&self.agent_toml()).unwrap();
        let node = NodeConfig::load(&self.folder.join("node.toml")).unwrap();
        let runtime = Runtime::start(&agent, &node, Some(CLOISTERD.into()), Surroundings::Machine)
            .await
            .unwrap();
        Node { image: self, runtime, _tee: tee }
    }

    pub(crate) async fn start(self, world: &World) -> Node {
        self.start_with(world, "").await
    }
}

/// A runtime in this process.
pub(crate) struct Node {
    pub(crate) image: Image,
    pub(crate) runtime: Runtime,
    _tee: Server,
}

impl Node {
    /// An admitted runtime.
    pub(crate) async fn boot(world: &World, name: &str, callers: &[&str]) -> Self {
        let node = Image::admitted(world, name, callers).await.start(world).await;
        node.until(Phase::Admitted).await;
        node
    }

    pub(crate) async fn until(&self, phase: Phase) {
        self.runtime.phase().wait_for(|now| *now == phase).await.unwrap();
    }

    /// Waits until no channel is open.
    pub(crate) async fn until_no_channel(&self) {
        while self.runtime.channels().counts().0 > 0 {
            tokio::time::sleep(core::time::Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn agent(&self) -> &Agent {
        &self.image.agent
    }
}

fn policy(name: &str, callers: &[&str]) -> String {
    let outbound = format!(
        "permit (principal == Agent::\"{name}\", action, resource)\n\
         when {{ context.direction == Direction::\"outbound\" }};\n"
    );
    let inbound = callers.iter().map(|caller| {
        format!(
            "permit (principal == Agent::\"{caller}\", action, resource == Agent::\"{name}\")\n\
             when {{ context.direction == Direction::\"inbound\" }};\n"
        )
    });
    core::iter::once(outbound).chain(inbound).collect()
}

fn agent_toml(world: &World, name: &str, agent: &Agent, peers: &str) -> String {
    format!(
        "trust_domain = \"{TRUST_DOMAIN}\"\npolicy = \"policy.cedar\"\n\
         [agent]\nname = \"{name}\"\nprincipal = \"example.org\"\n\
         [image]\nname = \"{name}\"\nversion = \"1.0.0\"\n\
         [verifier]\ntrust_root = \"trust.pem\"\n\
         [peers]\nanchors = {{ simulator = \"{}\" }}\n{peers}\n\
         [workload]\ncommand = [\"/bin/sh\", \"-c\", \"echo $$ > pid; exec /bin/sleep 600\"]\n\
         a2a_port = {}\ngrpc_port = {}\nstop_grace_secs = 5\n",
        world.pki.anchor().fingerprint(),
        agent.address.port(),
        agent.grpc.port()
    )
}

fn measure(path: &Path) -> Digest48 {
    Digest48::sha384(&fs::read(path).unwrap())
}
