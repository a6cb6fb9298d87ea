//! Virtual machines that measure themselves while they boot: firmware, stub and kernel into a real
//! TPM, which a paravisor in software has set up.
//!
//! As for `machines`: QEMU, swtpm, firmware and the guest's packages come pinned from the
//! distribution, and the step `machines` of `cargo ci` runs this.

use cloister_boot::vtpm::Part;
use cloister_boot::{BootComparison, Bootable, TeeKind};
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::Agents;
use cloister_devnet::image::{AgentFolder, MachineImage, Workload};
use cloister_devnet::machine::{Decision, Guest};
use cloister_devnet::workspace;

/// A Verifier for guests that measure themselves, and an image that it admits there.
struct World {
    devnet: Devnet,
    image: MachineImage,
}

impl World {
    async fn start() -> Self {
        let Devnet { host, verifier } = Devnet::start(Agents::Rust).await.unwrap();
        let halted = verifier.halt().await.unwrap().for_vtpm().unwrap();
        let verifier = halted.resume(&host).await.unwrap();
        let devnet = Devnet { host, verifier };
        let image = admitted(&devnet).await;
        Self { devnet, image }
    }

    /// Boots what a host hands over, until the Verifier has decided.
    async fn boot(&self, handed: &Bootable) -> (Decision, BootComparison) {
        let Devnet { host, verifier } = &self.devnet;
        let guest = Guest::start_measured(host, verifier, &self.image, handed).await;
        let mut guest = guest.unwrap();
        let decision = guest.decision().await.unwrap();
        let published = self.image.bootable().unwrap();
        let comparison = guest.comparison_with(&published).await.unwrap();
        guest.stop().await.unwrap();
        (decision, comparison)
    }
}

/// An image with an agent that has nobody to talk to.
async fn admitted(Devnet { host, verifier }: &Devnet) -> MachineImage {
    let program = workspace::guest_programs().unwrap().join("cloister-small-agent");
    let sample = Workload::Static { program: &program, options: &[] };
    let folder = AgentFolder::write(host, verifier, "translator", &[], sample).await.unwrap();
    let image = folder.build(host).await.unwrap();
    let values = image.reference_values_behind_paravisor(host.dir()).unwrap();
    verifier.cli(&["image", "admit", values.to_str().unwrap()]).await.unwrap();
    image
}

/// The events that a PCR differs by.
fn events<'c>(comparison: &'c BootComparison, register: &str) -> &'c [String] {
    let row = comparison.registers.iter().find(|row| row.register == register).unwrap();
    assert_eq!(row.events.is_empty(), row.predicted == row.measured, "{comparison}");
    &row.events
}

/// Which registers the Verifier says differ from those of the nearest image.
fn mismatch(decision: Decision) -> String {
    let findings = match decision {
        Decision::Refused(findings) => findings,
        Decision::Admitted => Vec::new(),
    };
    let mismatch = findings.into_iter().find(|finding| finding.code == "reference.match");
    let expected = mismatch.expect("it was admitted, or refused for something else").expected;
    expected.rsplit_once("these differ: ").expect("the registers").1.to_owned()
}

/// Where the file header of an EFI program has a date, which nobody looks at.
// SPEC: PE Format, sections "Signature" and "COFF File Header", `TimeDateStamp`.
fn date(program: &[u8]) -> usize {
    let start = u32::from_le_bytes(program[0x3c..0x40].try_into().unwrap());
    usize::try_from(start).unwrap() + 8
}

/// Where the initrd ends: the archive with padding behind a name, which nobody looks at either and
/// which LZ4 keeps as it is.
fn padding(uki: &[u8], initrd: &[u8]) -> usize {
    let start = uki.windows(256).position(|window| window == &initrd[..256]).unwrap();
    start + initrd.len() - 1
}

#[tokio::test]
#[ignore = "boots virtual machines in software: cargo ci --only machines"]
async fn a_guest_is_admitted_by_what_it_measured_into_a_real_tpm_and_one_changed_byte_is_named() {
    let world = World::start().await;
    let published = world.image.bootable().unwrap();
    let (decision, comparison) = world.boot(&published).await;
    assert_eq!(decision, Decision::Admitted);
    assert!(comparison.agrees(), "{comparison}");
    assert_eq!(comparison.components, Some(Vec::new()));

    let mut redated = published.clone();
    let at = date(&redated.uki);
    redated.uki[at] ^= 1;
    let (decision, comparison) = world.boot(&redated).await;
    assert_eq!(mismatch(decision), "PCR4");
    assert_eq!(events(&comparison, "PCR4"), ["UKI"]);
    assert!(events(&comparison, "PCR9").is_empty() && events(&comparison, "PCR11").is_empty());
    assert_eq!(comparison.components, Some(vec![Part::Stub]));

    let mut repacked = published.clone();
    let initrd = world.image.handed(TeeKind::Tdx).unwrap().initrd;
    let at = padding(&repacked.uki, &initrd);
    repacked.uki[at] ^= 1;
    let (decision, comparison) = world.boot(&repacked).await;
    assert_eq!(mismatch(decision), "PCR4, PCR9, PCR11");
    assert_eq!(events(&comparison, "PCR4"), ["UKI"]);
    assert_eq!(events(&comparison, "PCR9"), ["initrd"]);
    assert_eq!(events(&comparison, "PCR11"), ["section .initrd"]);
    assert_eq!(comparison.components, Some(vec![Part::Initrd]));
}
