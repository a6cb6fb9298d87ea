//! What a TD boots, and what RTMR1 and RTMR2 hold after it.

use std::borrow::Cow;

use super::kernel::patched;
use super::platform::ReadySeparator;
use crate::measure::error::MeasureError;
use crate::measure::event::{
    CALLING_APPLICATION, EXIT_INVOCATION, EXIT_RETURNED, Event, Rtmr, SEPARATOR, utf16,
};
use crate::measure::gpt::partition_event;
use crate::measure::pe::Pe;
use crate::measure::stub::Stub;
use crate::measure::vtpm;

/// What a TD boots.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Boot<'a> {
    /// A kernel that QEMU hands to the firmware (`-kernel`).
    Direct(Kernel<'a>),
    /// A UKI on a disk.
    Disk(Disk<'a>),
}

/// A kernel that QEMU hands to the firmware.
#[derive(Clone, Copy, Debug)]
pub struct Kernel<'a> {
    /// The kernel's file.
    pub kernel: &'a [u8],
    /// The initrd's file.
    pub initrd: &'a [u8],
    /// The command line.
    pub command_line: &'a str,
    /// Memory of the guest, where QEMU writes addresses into the kernel that depend on it; `None`
    /// where the firmware reads the kernel as in its file (QEMU 10 and edk2 2025, or later).
    pub patched_for_mib: Option<u64>,
}

/// A disk, and the UKI that its firmware finds on it.
#[derive(Clone, Copy, Debug)]
pub struct Disk<'a> {
    /// The disk, from its start to the end of its partition table at least.
    pub disk: &'a [u8],
    /// The UKI.
    pub uki: &'a [u8],
}

impl Boot<'_> {
    /// RTMR1: what was started.
    ///
    /// # Errors
    /// [`MeasureError::Pe`], [`MeasureError::Kernel`] or [`MeasureError::Input`].
    pub fn rtmr1(&self, ready: ReadySeparator) -> Result<Rtmr, MeasureError> {
        let mut events = vec![Event::of("boot option", CALLING_APPLICATION)];
        if ready == ReadySeparator::Rtmr1 {
            events.push(Event::of("separator", SEPARATOR));
        }
        match self {
            // The firmware loads the kernel before it starts any boot option.
            Self::Direct(direct) => events.insert(0, direct.event()?),
            Self::Disk(Disk { disk, uki }) => {
                let uki = Pe::parse(uki)?;
                let kernel = Pe::parse(vtpm::kernel(&uki)?)?;
                events.push(Event::of("partitions", partition_event(disk)?));
                events.push(Event::image("UKI", &uki).into_owned());
                events.push(Event::image("kernel", &kernel).into_owned());
            }
        }
        events.push(Event::of("exit", EXIT_INVOCATION));
        events.push(Event::of("exit", EXIT_RETURNED));
        Ok(Rtmr::after(&events))
    }

    /// RTMR2: what the kernel was given.
    ///
    /// # Errors
    /// [`MeasureError::Pe`] or [`MeasureError::Input`].
    pub fn rtmr2(&self) -> Result<Rtmr, MeasureError> {
        match self {
            Self::Direct(direct) => Ok(Rtmr::after(&direct.given())),
            Self::Disk(Disk { uki, .. }) => {
                let uki = Pe::parse(uki)?;
                let mut events = Vec::new();
                if Stub::of(&uki)?.measures_in_td() {
                    events.extend(vtpm::section_events(&uki)?);
                }
                events.extend(vtpm::given_events(&uki)?);
                Ok(Rtmr::after(&events))
            }
        }
    }
}

impl Kernel<'_> {
    fn event(&self) -> Result<Event<'static>, MeasureError> {
        let kernel = match self.patched_for_mib {
            Some(memory) => {
                Cow::Owned(patched(self.kernel, self.initrd.len(), self.command_line, memory)?)
            }
            None => Cow::Borrowed(self.kernel),
        };
        Ok(Event::image("kernel", &Pe::parse(&kernel)?).into_owned())
    }

    fn given(&self) -> [Event<'_>; 2] {
        // OVMF says where the initrd is found in the command line that it passes on.
        let told = if self.initrd.is_empty() { "\0" } else { " initrd=initrd\0" };
        [
            Event::of("command line", utf16(&format!("{}{told}", self.command_line))),
            Event::of("initrd", self.initrd),
        ]
    }
}
