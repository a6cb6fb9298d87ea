//! Why a guest could not be set up.

use std::io;
use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use rustix::io::Errno;

use crate::dhcp::Silence;
use crate::metadata::MetadataError;

cloister_attestation::codes! {
    /// A file system cannot be mounted.
    MOUNT = "guest.mount", Operator, "",
        "Use a kernel that has the file system that the message names, built in or among the image's modules.",
        "The first process of a guest mounts what a runtime needs. The kernel refused one of these mounts, so that the guest ended before anything of it could be trusted.";
    /// A kernel module cannot be loaded.
    MODULE = "guest.module", Operator, "",
        "Build the image again from the kernel package whose modules it holds.",
        "The image lists the kernel modules to load, in order. One is missing, belongs to another kernel, or needs a symbol of a module that stands after it. A module whose device this machine lacks is passed over and logged.";
    /// The host's file is not there, or is not one.
    HANDOVER = "guest.handover", Operator, "",
        "Hand node.toml over as the firmware entry opt/org.cloister/node.toml, on a virtio disk with the serial cloister-node, or as user data of a cloud.",
        "The guest found no node.toml from its host, or one that is too large or not UTF-8, and the machine does not say that it is one of Amazon EC2, Azure or Google Compute Engine, whose metadata service would be asked. Without node.toml there is no address to listen at and no Verifier to ask.";
    /// The network cannot be brought up.
    NETWORK = "guest.network", Operator, "",
        "Correct [network] in node.toml, and give the machine one virtio network device.",
        "The kernel refused an address or a route of node.toml or of the network, or the guest has no network device to give it to, for which the image may lack the driver. Where node.toml came from a metadata service, the network was up before: [network] says dhcp = true there, or is left out.";
    /// Nobody gives the guest an address.
    DHCP = "guest.dhcp", Operator, "RFC 2131",
        "Attach the machine's network device to a network that answers DHCP, and build the device's driver into the image.",
        "The guest asks for its address by DHCP where node.toml says so, and before it asks a cloud's metadata service. For 30 seconds nobody on the link answered with one, or what was offered was refused. Answers have to be broadcast, as the guest asks for it.";
    /// A cloud's metadata service gives no node.toml.
    METADATA = "guest.metadata", Operator, "",
        "Launch the machine with node.toml as user data, and with its metadata service switched on.",
        "The machine has neither a firmware entry nor a disk with node.toml, and says that it is in a cloud. The metadata service of that cloud did not answer for a minute, or has no user data, or something else than a file in UTF-8.";
    /// The clock cannot be set.
    CLOCK = "guest.clock", Cloister, "",
        "Report this as a defect, with the log.",
        "The image says when it was built, the machine's clock was behind that, and the kernel refused to set it.";
    /// The guest cannot be locked down.
    HARDENING = "guest.hardening", Operator, "",
        "Use a kernel that permits the setting that the message names, or that lacks the feature behind it.",
        "The first process switches off what a guest does not need: loading modules and kernels, tracing, debugging keys, core dumps. The kernel has the feature that the message names and refused to switch it off. The guest ends rather than run with it.";
    /// The console cannot be had.
    CONSOLE = "guest.console", Operator, "",
        "Give the machine a console, and name it on the kernel's command line.",
        "The log goes to /dev/console. The kernel has none.";
    /// The runtime cannot be started or awaited.
    RUNTIME = "guest.runtime", Cloister, "",
        "Report this as a defect, with the log.",
        "The first process could not start the runtime, which is the same program, or could not wait for it.";
}

/// A step of the start-up failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// A file system cannot be mounted.
    #[error("cannot mount {kind} at {at}")]
    Mount {
        /// Its kind.
        kind: &'static str,
        /// Where it belongs.
        at: &'static str,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
    /// A kernel module cannot be loaded.
    #[error("cannot load the module {}", .path.display())]
    Module {
        /// The module's file, or the list of them.
        path: PathBuf,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
    /// The host handed nothing over that could be used.
    #[error("no node.toml from the host: {0}")]
    Handover(String),
    /// The network cannot be brought up.
    #[error("cannot {step}")]
    Network {
        /// What was tried.
        step: String,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
    /// A file that came over the network says that the network is another one.
    #[error(
        "node.toml of a metadata service has an address in [network]; the guest has one by DHCP"
    )]
    OtherNetwork,
    /// Nobody gives the guest an address.
    #[error("no address by DHCP")]
    Dhcp(#[from] Silence),
    /// A cloud's metadata service gives no node.toml.
    #[error("no node.toml from the cloud: {0}")]
    Metadata(#[from] MetadataError),
    /// The clock cannot be set.
    #[error("cannot set the clock to the time at which the image was built")]
    Clock(#[source] io::Error),
    /// A feature cannot be switched off.
    #[error("cannot set {} to {value:?}", .path.display())]
    Hardening {
        /// The kernel's setting.
        path: PathBuf,
        /// What it has to be.
        value: &'static str,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
    /// The console cannot be had.
    #[error("cannot use /dev/console")]
    Console(#[source] io::Error),
    /// The runtime cannot be started or awaited.
    #[error("cannot {step} the runtime")]
    Runtime {
        /// What was tried.
        step: &'static str,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

impl GuestError {
    pub(crate) fn network(step: impl Into<String>, errno: Errno) -> Self {
        Self::Network { step: step.into(), source: errno.into() }
    }
}

impl Diagnostic for GuestError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Mount { .. } => &MOUNT,
            Self::Module { .. } => &MODULE,
            Self::Handover(_) => &HANDOVER,
            Self::Network { .. } | Self::OtherNetwork => &NETWORK,
            Self::Dhcp(_) => &DHCP,
            Self::Metadata(_) => &METADATA,
            Self::Clock(_) => &CLOCK,
            Self::Hardening { .. } => &HARDENING,
            Self::Console(_) => &CONSOLE,
            Self::Runtime { .. } => &RUNTIME,
        }
    }
}
