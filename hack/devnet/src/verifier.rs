//! The relying party's part: a `cloister-verifier` process, operated with the `cloister` command.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use cloister_boot::tee::Vendor;
use tokio::process::Command;

use crate::connected::Connected;
use crate::enclave::{Enclave, Host, Image};
use crate::process::Process;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running Verifier that accepts one simulator's root and nothing else.
#[derive(Debug)]
pub struct Verifier {
    process: Process,
    folder: PathBuf,
    cli: PathBuf,
    address: String,
}

impl Verifier {
    /// The trust domain of every devnet.
    pub const TRUST_DOMAIN: &'static str = "demo.test";

    /// Starts a Verifier with an empty database and leases of ten minutes.
    pub async fn start(host: &Host) -> anyhow::Result<Self> {
        Self::with_lease(host, Duration::from_secs(600)).await
    }

    /// Starts a Verifier whose leases live for `lifetime`.
    pub async fn with_lease(host: &Host, lifetime: Duration) -> anyhow::Result<Self> {
        let folder = host.dir().join("verifier");
        std::fs::create_dir(&folder)?;
        Vendor::of(host.pki()).publish(&folder)?;
        let config = verifier_toml(&host.pki().anchor().fingerprint().to_string(), lifetime);
        std::fs::write(folder.join("verifier.toml"), config)?;
        let cli = host.programs().cli.clone();
        Self::launch(&host.programs().verifier, folder, cli).await
    }

    async fn launch(program: &Path, folder: PathBuf, cli: PathBuf) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.arg("--config").arg(folder.join("verifier.toml"));
        let log = folder.join("cloister-verifier.log");
        let mut process = Process::start("cloister-verifier", command, log)?;
        let file = folder.join("data/address");
        let address = process
            .until("its address", START_LIMIT, async || {
                let address = std::fs::read_to_string(&file).ok()?;
                Some(address.trim().to_owned()).filter(|address| !address.is_empty())
            })
            .await?;
        Ok(Self { process, folder, cli, address })
    }

    /// Stops the service; its data and its port wait for [`Halted::resume`].
    pub async fn halt(self) -> anyhow::Result<Halted> {
        let Self { process, folder, cli, address } = self;
        process.stop().await?;
        Ok(Halted { folder, cli, address })
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// For people and for `cloister --verifier`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The issuing CA certificate that runtimes and operators pin.
    #[must_use]
    pub fn trust_root(&self) -> PathBuf {
        self.folder.join("data/trust.pem")
    }

    /// Admits an image's Reference Values with the command line.
    pub async fn admit(&self, image: &Image) -> anyhow::Result<()> {
        let values = image.reference_values()?;
        self.cli(&["image", "admit", &values.display().to_string()]).await.map(drop)
    }

    /// Quarantines an agent with the command line.
    pub async fn quarantine(&self, agent: &str) -> anyhow::Result<()> {
        let reason = ["--reason", "the demo's operator says so"];
        self.cli(&["agents", "quarantine", agent, reason[0], reason[1]]).await.map(drop)
    }

    /// Runs `cloister --json …` as the operator and returns what it printed.
    pub async fn cli(&self, words: &[&str]) -> anyhow::Result<serde_json::Value> {
        let mut command = Command::new(&self.cli);
        command.args(words).arg("--json").args(self.operator_options()).kill_on_drop(true);
        let output = command.output().await.context("cannot start cloister")?;
        anyhow::ensure!(
            output.status.success(),
            "cloister {} failed: {}{}",
            words.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("cloister printed no JSON")
    }

    /// Asks a runtime what it is with `cloister --json verify`, as anybody can who has the Verifier's
    /// trust.pem: the exit code, and what it printed.
    pub async fn ask_runtime(
        &self,
        runtime: std::net::SocketAddr,
        words: &[&str],
    ) -> anyhow::Result<(i32, serde_json::Value)> {
        let mut command = Command::new(&self.cli);
        command.args(["--json", "verify", &format!("https://{runtime}")]).args(words);
        command.arg("--trust").arg(self.trust_root());
        command.arg("--simulator-anchor").arg(self.folder.join("anchor.json"));
        let output = command.kill_on_drop(true).output().await.context("cannot start cloister")?;
        let code = output.status.code().context("cloister was killed")?;
        let answer = serde_json::from_slice(&output.stdout).with_context(|| {
            format!("cloister printed no JSON: {}", String::from_utf8_lossy(&output.stderr))
        })?;
        Ok((code, answer))
    }

    /// Runs `cloister --json connect` to an agent at a runtime, from a machine that trusts this
    /// Verifier and asks it.
    pub async fn connect(
        &self,
        agent: &str,
        runtime: std::net::SocketAddr,
    ) -> anyhow::Result<Connected> {
        let mut command = Command::new(&self.cli);
        command.args(["--json", "connect", agent, "--listen", "127.0.0.1:0"]);
        command.args(["--address", &runtime.to_string(), "--verifier", &self.url()]);
        command.arg("--trust").arg(self.trust_root());
        command.arg("--simulator-anchor").arg(self.folder.join("anchor.json"));
        Connected::open(command, &self.folder).await
    }

    fn operator_options(&self) -> [String; 6] {
        let path = |name: &str| self.folder.join("data").join(name).display().to_string();
        [
            "--verifier".to_owned(),
            self.url(),
            "--ca".to_owned(),
            path("trust.pem"),
            "--token-file".to_owned(),
            path("operator.token"),
        ]
    }

    /// Commands to try against a devnet that keeps running.
    #[must_use]
    pub fn suggestions(&self, caller: &Enclave) -> Vec<String> {
        let operator = format!("{} {{}} {}", self.cli.display(), self.operator_options().join(" "));
        vec![
            format!("curl {}.well-known/agent-card.json", caller.agent_url("translator")),
            operator.replace("{}", "agents list"),
            operator.replace("{}", "agents lift translator"),
            operator.replace("{}", "image list"),
        ]
    }

    /// The Verifier's log so far.
    pub fn log(&self) -> anyhow::Result<String> {
        self.process.output()
    }

    /// Asks the service to stop and waits until it has.
    pub async fn stop(self) -> anyhow::Result<()> {
        let status = self.process.stop().await?;
        anyhow::ensure!(status.success(), "cloister-verifier ended with {status}");
        Ok(())
    }
}

/// A Verifier that is down for a while.
#[derive(Debug)]
pub struct Halted {
    folder: PathBuf,
    cli: PathBuf,
    address: String,
}

impl Halted {
    /// Has the service demand what machines can give that measure themselves.
    pub fn for_vtpm(self) -> anyhow::Result<Self> {
        let config = self.folder.join("verifier.toml");
        let section = "policy = { file = \"vtpm-policy.toml\" }\n\n[endorsements]";
        let text = std::fs::read_to_string(&config)?.replace("\n[endorsements]", section);
        std::fs::write(config, text)?;
        Ok(self)
    }

    /// Starts the service again over the same data, on the same port.
    pub async fn resume(self, host: &Host) -> anyhow::Result<Verifier> {
        let config = self.folder.join("verifier.toml");
        let listen = format!("listen = {:?}", self.address);
        let text = std::fs::read_to_string(&config)?.replace(ANY_PORT, &listen);
        std::fs::write(config, text)?;
        std::fs::remove_file(self.folder.join("data/address"))?;
        Verifier::launch(&host.programs().verifier, self.folder, self.cli).await
    }
}

const ANY_PORT: &str = "listen = \"127.0.0.1:0\"";

fn verifier_toml(fingerprint: &str, lease: Duration) -> String {
    format!(
        r#"{ANY_PORT}
names = ["verifier.{domain}"]
data = "data"
trust_domain = "{domain}"

[lease]
lifetime_secs = {lease}

[appraisal]
anchors = {{ simulator = {{ file = "anchor.json", fingerprint = "{fingerprint}" }} }}

[endorsements]
folder = "endorsements"

[log]
format = "json"
"#,
        domain = Verifier::TRUST_DOMAIN,
        lease = lease.as_secs(),
    )
}
