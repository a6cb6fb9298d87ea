//! Guests that measure themselves while they boot, into a real TPM.

use std::sync::Arc;

use anyhow::Result;
use cloister_boot::node::node_toml_for_vtpm;
use cloister_boot::tee::Vendor;
use cloister_boot::{BootComparison, Bootable, Vtpm, tools};

use super::{Guest, HOST, free_port, machine, node, qemu};
use crate::enclave::Host;
use crate::image::MachineImage;
use crate::verifier::Verifier;

/// MiB of such a guest: firmware holds the whole image beside the kernel that it starts.
const MEMORY_MIB: u32 = 1024;

impl Guest<Arc<Vtpm>> {
    /// Starts a machine whose firmware finds what is in `handed`: the `image` as it was built, unless
    /// the host is dishonest.
    pub async fn start_measured(
        host: &Host,
        verifier: &Verifier,
        image: &MachineImage,
        handed: &Bootable,
    ) -> Result<Self> {
        let port = free_port()?;
        let node = node(verifier, HOST, port, node_toml_for_vtpm)?;
        let machine = machine(port, MEMORY_MIB, Some(node));
        let vendor = Vendor::of(host.pki());
        let start = move || Vtpm::start(tools::swtpm()?, &vendor);
        let vtpm = Arc::new(tokio::task::spawn_blocking(start).await??);
        let running = machine.start_measured(&qemu().await?, handed, &vtpm).await?;
        Ok(Self::new(image, running, vtpm, port))
    }

    /// What is predicted of `published`, and what the machine has measured so far.
    pub async fn comparison_with(&self, published: &Bootable) -> Result<BootComparison> {
        BootComparison::of_machine(published, &self.measured).await
    }
}
