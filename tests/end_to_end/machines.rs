//! Virtual machines from images that the command line built: measured, booted, admitted or refused.
//!
//! QEMU, its firmware and the guest's packages come from the distribution, pinned, into the cache.
//! The step `machines` of `cargo ci` runs these, since they need the guest's programs, linked
//! statically in release. Machines run two at a time: each has one processor.

use std::path::PathBuf;

use cloister_boot::component::Component;
use cloister_boot::console::Finding;
use cloister_boot::{Handed, TeeKind};
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::Agents;
use cloister_devnet::image::{AgentFolder, MachineImage, Workload};
use cloister_devnet::machine::{Decision, Guest, Launch};
use cloister_devnet::workspace;
use serde_json::Value;

const TEXT: &str = "nobody between us";

/// The agent where none has to answer: it needs nothing but the kernel.
fn sample() -> PathBuf {
    workspace::guest_programs().unwrap().join("cloister-small-agent")
}

async fn devnet() -> Devnet {
    Devnet::start(Agents::Rust).await.unwrap()
}

/// An agent's folder, its image, and the image admitted on both simulated TEEs.
async fn admitted(
    devnet: &Devnet,
    name: &str,
    callers: &[&str],
    workload: Workload<'_>,
) -> (AgentFolder, MachineImage) {
    let Devnet { host, verifier } = devnet;
    let folder = AgentFolder::write(host, verifier, name, callers, workload).await.unwrap();
    let image = folder.build(host).await.unwrap();
    admit(devnet, &image).await;
    (folder, image)
}

async fn admit(devnet: &Devnet, image: &MachineImage) -> Value {
    let tees = [TeeKind::Snp, TeeKind::Tdx];
    let values = image.reference_values(devnet.host.dir(), &tees).unwrap();
    devnet.verifier.cli(&["image", "admit", values.to_str().unwrap()]).await.unwrap()
}

async fn start(devnet: &Devnet, image: &MachineImage, launch: &Launch) -> Guest {
    Guest::start(&devnet.host, &devnet.verifier, image, launch).await.unwrap()
}

/// Launches what has to be admitted, and to measure as predicted.
async fn admitted_guest(devnet: &Devnet, image: &MachineImage, launch: &Launch) -> Guest {
    let mut guest = start(devnet, image, launch).await;
    assert!(guest.comparison().agrees(), "{}", guest.comparison());
    assert_eq!(guest.decision().await.unwrap(), Decision::Admitted, "{}", guest.log());
    guest
}

/// Launches what has to be refused; returns why it was, and which components the host changed.
async fn refused(
    devnet: &Devnet,
    image: &MachineImage,
    launch: &Launch,
) -> (Vec<Finding>, Option<Vec<Component>>) {
    let mut guest = start(devnet, image, launch).await;
    let decision = guest.decision().await.unwrap();
    let findings = match decision {
        Decision::Refused(findings) => findings,
        Decision::Admitted => Vec::new(),
    };
    assert!(!findings.is_empty(), "it was admitted:\n{}", guest.log());
    let components = guest.comparison().components.clone();
    guest.stop().await.unwrap();
    (findings, components)
}

/// What the Verifier says of the nearest image.
fn mismatch(findings: &[Finding]) -> &str {
    let mismatch = findings.iter().find(|finding| finding.code == "reference.match");
    assert!(mismatch.is_some(), "no mismatch among {findings:?}");
    &mismatch.unwrap().expected
}

#[tokio::test]
#[ignore = "boots virtual machines in software: cargo ci --only machines"]
async fn two_machines_are_admitted_and_an_official_agent_answers_in_one_of_them() {
    let devnet = devnet().await;
    let errand = Workload::Errand { peer: "translator", text: TEXT };
    let (_, callee) = admitted(&devnet, "translator", &["assistant"], Workload::Shout).await;
    let (_, caller) = admitted(&devnet, "assistant", &[], errand).await;
    let callee_launch = Launch::of(&callee, TeeKind::Tdx).unwrap();
    let caller_launch = Launch::of(&caller, TeeKind::Snp).unwrap();
    let (mut callee, mut caller) = tokio::join!(
        admitted_guest(&devnet, &callee, &callee_launch),
        admitted_guest(&devnet, &caller, &caller_launch)
    );
    let answer = tokio::select! {
        answer = caller.until("the errand's answer", answered) => answer.map_err(|it| it.to_string()),
        // What the other one writes is read meanwhile, so that its console does not fill up.
        ended = callee.until("its end", |_| None::<()>) => Err(format!("{ended:?}")),
    };
    let answer = answer.expect("an answer");
    assert_eq!(answer["text"].as_str().unwrap().trim(), TEXT.to_uppercase());
    let agents = devnet.verifier.cli(&["agents", "list"]).await.unwrap().to_string();
    assert!(agents.contains("translator") && agents.contains("assistant"), "{agents}");
    caller.stop().await.unwrap();
    callee.stop().await.unwrap();
}

/// What the errand printed, out of the runtime's log.
fn answered(line: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line.get(line.find('{')?..)?).ok()?;
    let printed = event["fields"]["message"].as_str()?.strip_prefix("errand: ")?;
    serde_json::from_str(printed).ok()
}

/// The same with one byte changed where nothing that boots depends on it.
fn changed(image: &Handed, component: Component) -> Handed {
    let mut changed = image.clone();
    match component {
        // Version text of the kernel's header, and the system that compressed the initrd.
        Component::Kernel => *byte(&mut changed.kernel, kernel_text(&image.kernel)) ^= 0x20,
        Component::Initrd => changed.initrd.push(0),
        Component::Cmdline => changed.cmdline.push(' '),
        Component::Firmware => *byte(&mut changed.firmware, 0) ^= 1,
    }
    changed
}

fn byte(bytes: &mut [u8], at: usize) -> &mut u8 {
    &mut bytes[at]
}

/// Where the kernel's header has a version for people to read.
// SPEC: Linux x86 boot protocol, `kernel_version`.
fn kernel_text(kernel: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([kernel[0x20e], kernel[0x20f]])) + 0x200
}

#[tokio::test]
#[ignore = "boots virtual machines in software: cargo ci --only machines"]
async fn one_changed_byte_is_refused_and_its_component_is_named() {
    let (devnet, program) = (devnet().await, sample());
    let sample = Workload::Static { program: &program, options: &[] };
    let (folder, image) = admitted(&devnet, "translator", &[], sample).await;
    // The same agent with a byte more in its policy is another image, in place of the published one.
    folder.with_one_byte_changed().unwrap();
    let other = folder.build(&devnet.host).await.unwrap();
    let with_other_policy = Launch::of(&other, TeeKind::Snp).unwrap();
    let launch = |tee, component| {
        let handed = changed(&image.handed(tee).unwrap(), component);
        Launch { tee, handed, ..with_other_policy.clone() }
    };
    let (initrd, kernel, cmdline) = (
        launch(TeeKind::Snp, Component::Initrd),
        launch(TeeKind::Tdx, Component::Kernel),
        launch(TeeKind::Tdx, Component::Cmdline),
    );
    let refused = |launch| refused(&devnet, &image, launch);
    let (initrd, kernel) = tokio::join!(refused(&initrd), refused(&kernel));
    let (cmdline, policy) = tokio::join!(refused(&cmdline), refused(&with_other_policy));
    for (refusal, component, part) in [
        (initrd, Component::Initrd, "MEASUREMENT ("),
        (kernel, Component::Kernel, "RTMR1 (kernel"),
        (cmdline, Component::Cmdline, "RTMR2 (command line"),
        (policy, Component::Initrd, "manifest (what the runtime declares: agent, policy"),
    ] {
        let (findings, components) = refusal;
        assert_eq!(components, Some(vec![component]));
        assert!(mismatch(&findings).contains(part), "{findings:?}");
    }
}

#[tokio::test]
#[ignore = "boots virtual machines in software: cargo ci --only machines"]
async fn a_guest_that_its_host_may_debug_is_refused() {
    let (devnet, program) = (devnet().await, sample());
    let sample = Workload::Static { program: &program, options: &[] };
    let (_, image) = admitted(&devnet, "translator", &[], sample).await;
    let launch = |tee| Launch { debuggable: true, ..Launch::of(&image, tee).unwrap() };
    let (snp, tdx) = (launch(TeeKind::Snp), launch(TeeKind::Tdx));
    let (snp, tdx) = tokio::join!(refused(&devnet, &image, &snp), refused(&devnet, &image, &tdx));
    for (findings, components) in [snp, tdx] {
        assert_eq!(components, Some(Vec::new()), "the image is as it was published");
        assert!(findings.iter().any(|it| it.code.contains("debug")), "{findings:?}");
        assert!(findings.iter().all(|it| it.code != "reference.match"), "{findings:?}");
    }
}

#[tokio::test]
#[ignore = "boots virtual machines in software: cargo ci --only machines"]
async fn a_machine_in_a_cloud_asks_for_its_address_and_for_its_file() {
    let (devnet, program) = (devnet().await, sample());
    let sample = Workload::Static { program: &program, options: &[] };
    let (_, image) = admitted(&devnet, "translator", &[], sample).await;
    let launch = Launch::of(&image, TeeKind::Snp).unwrap();
    let Devnet { host, verifier } = &devnet;
    let mut guest = Guest::start_in_cloud(host, verifier, &image, &launch).await.unwrap();
    assert_eq!(guest.decision().await.unwrap(), Decision::Admitted, "{}", guest.log());
    for told in ["an address by DHCP", "the metadata service of Google Compute Engine"] {
        assert!(guest.log().contains(told), "{told}:\n{}", guest.log());
    }
    guest.stop().await.unwrap();
}

#[tokio::test]
#[ignore = "boots virtual machines in software: cargo ci --only machines"]
async fn yesterdays_image_is_refused_once_todays_has_taken_its_place() {
    let (devnet, program) = (devnet().await, sample());
    let sample = Workload::Static { program: &program, options: &[] };
    let (folder, yesterday) = admitted(&devnet, "translator", &[], sample).await;
    folder.with_version("1.1.0").unwrap();
    let today = folder.build(&devnet.host).await.unwrap();
    admit(&devnet, &today).await;
    let launch = |image| Launch::of(image, TeeKind::Snp).unwrap();
    let (old, new) = (launch(&yesterday), launch(&today));
    // Both are admitted while the one takes the other's place.
    let (old_guest, new_guest) = tokio::join!(
        admitted_guest(&devnet, &yesterday, &old),
        admitted_guest(&devnet, &today, &new)
    );
    for guest in [old_guest, new_guest] {
        guest.stop().await.unwrap();
    }
    retire(&devnet, "1.0.0").await;
    let ((findings, components), new_guest) =
        tokio::join!(refused(&devnet, &yesterday, &old), admitted_guest(&devnet, &today, &new));
    assert_eq!(components, Some(Vec::new()), "it is as it was published");
    assert!(mismatch(&findings).contains("translator 1.1.0"), "{findings:?}");
    new_guest.stop().await.unwrap();
}

/// Ends the admission of every tuple of a version.
async fn retire(devnet: &Devnet, version: &str) {
    let listed = devnet.verifier.cli(&["image", "list"]).await.unwrap();
    let tuples = listed["images"].as_array().unwrap().iter();
    let mut retired = 0;
    for tuple in tuples.filter(|tuple| tuple["version"] == version) {
        let digest = tuple["tuple"].as_str().unwrap();
        devnet.verifier.cli(&["image", "retire", digest]).await.unwrap();
        retired += 1;
    }
    assert_eq!(retired, 2, "{listed}");
}
