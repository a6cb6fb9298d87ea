//! From a key and a nonce to an Evidence envelope.

use std::sync::Arc;

use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::envelope::Envelope;
use cloister_attester::{Attester, AttesterError, Choice, Interface, Options};

use crate::config::{TeeConfig, TeeInterface, TeeKind};
use crate::workload::Declared;

/// What to open, as `node.toml` says.
#[must_use]
pub fn options(config: &TeeConfig) -> Options {
    let interface = match config.interface {
        TeeInterface::Auto => Interface::Auto,
        TeeInterface::Configfs => Interface::Configfs,
        TeeInterface::Device => Interface::Device,
    };
    let choice = match config.kind {
        TeeKind::Auto => Choice::Auto,
        TeeKind::Snp => Choice::Snp(interface),
        TeeKind::Tdx => Choice::Tdx(interface),
        TeeKind::AzureVtpm => Choice::AzureVtpm,
        // The configuration was refused if the socket is missing.
        TeeKind::Simulator => {
            Choice::Simulator(config.simulator_socket.clone().unwrap_or_default())
        }
    };
    let usual = Options::new(choice);
    Options {
        tsm_root: config.tsm_root.clone().unwrap_or_else(|| usual.tsm_root.clone()),
        privilege_level: config.privilege_level,
        ..usual
    }
}

/// The keys, the challenge and, for the document, the connection that Evidence is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion {
    pub(crate) identity_key: Digest48,
    pub(crate) channel_key: Digest48,
    pub(crate) nonce: Nonce,
    /// Digest of the checkpoint of the audit log that goes with it, where one does.
    pub(crate) audit_head: Option<Digest48>,
    /// TLS exporter value. A Verifier gives no lease for Evidence that has one.
    pub(crate) exporter: Option<[u8; 32]>,
}

/// Collects Evidence for `occasion` on a thread that may block.
pub(crate) async fn collect(
    attester: Arc<Attester>,
    declared: &Declared,
    occasion: Occasion,
) -> Result<Envelope, CollectError> {
    let binding = Binding {
        identity_key: occasion.identity_key,
        channel_key: occasion.channel_key,
        nonce: occasion.nonce,
        manifest: declared.digest,
        audit_head: occasion.audit_head,
        exporter: occasion.exporter,
    }
    .encode();
    let report_data = Binding::report_data(&binding);
    let collected = tokio::task::spawn_blocking(move || attester.collect(&report_data)).await??;
    Ok(Envelope {
        tee: collected.tee,
        hardware: collected.hardware,
        binding,
        manifest: declared.bytes.clone(),
        certificates: collected.certificates,
        event_log: collected.event_log,
        vtpm: collected.vtpm,
    })
}

/// No Evidence came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CollectError {
    #[error(transparent)]
    Attester(#[from] AttesterError),
    #[error("the collecting thread ended early")]
    Thread(#[from] tokio::task::JoinError),
}

#[cfg(test)]
mod tests {
    use cloister_attester::{Choice, Interface};

    use super::options;
    use crate::config::{TeeConfig, TeeInterface, TeeKind};

    fn chosen(kind: TeeKind, interface: TeeInterface) -> Choice {
        options(&TeeConfig { kind, interface, ..TeeConfig::default() }).choice
    }

    #[test]
    fn nothing_but_its_name_chooses_the_simulator() {
        assert_eq!(chosen(TeeKind::Auto, TeeInterface::Auto), Choice::Auto);
        assert_eq!(chosen(TeeKind::Snp, TeeInterface::Device), Choice::Snp(Interface::Device));
        assert_eq!(chosen(TeeKind::Tdx, TeeInterface::Configfs), Choice::Tdx(Interface::Configfs));
        assert_eq!(chosen(TeeKind::AzureVtpm, TeeInterface::Auto), Choice::AzureVtpm);
        let named = TeeConfig {
            kind: TeeKind::Simulator,
            simulator_socket: Some("/s".into()),
            ..TeeConfig::default()
        };
        assert_eq!(options(&named).choice, Choice::Simulator("/s".into()));
    }
}
