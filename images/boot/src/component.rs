//! Which component of an image a measurement differs by.
//!
//! A launch digest is one value over everything. It names no part, but it can be asked: with each
//! set of components taken from what was handed over and the others from what was published, only
//! the right set gives the value that was measured.

use core::fmt;

use serde::Serialize;

use crate::handed::Handed;

/// A part of an image that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// The virtual firmware.
    Firmware,
    /// The kernel.
    Kernel,
    /// The initial RAM disk: the runtime, the agent, its policy and its manifest.
    Initrd,
    /// The kernel's command line.
    Cmdline,
}

impl Component {
    /// All of them, in the order in which a machine comes to them.
    pub const ALL: [Self; 4] = [Self::Firmware, Self::Kernel, Self::Initrd, Self::Cmdline];

    /// As in an image folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firmware => "firmware",
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
            Self::Cmdline => "cmdline",
        }
    }

    fn take(self, from: &Handed, to: &mut Handed) {
        match self {
            Self::Firmware => to.firmware.clone_from(&from.firmware),
            Self::Kernel => to.kernel.clone_from(&from.kernel),
            Self::Initrd => to.initrd.clone_from(&from.initrd),
            Self::Cmdline => to.cmdline.clone_from(&from.cmdline),
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The fewest components that have to come from `handed` instead of `published` for `measure` to
/// give `observed`. `None` if no set of them explains it; empty if nothing differs.
pub fn explain<T: PartialEq>(
    published: &Handed,
    handed: &Handed,
    observed: &T,
    measure: impl Fn(&Handed) -> Option<T>,
) -> Option<Vec<Component>> {
    let mut sets: Vec<Vec<Component>> = (0..1_u32 << Component::ALL.len()).map(members).collect();
    sets.sort_by_key(Vec::len);
    sets.into_iter().find(|set| {
        let mut mixed = published.clone();
        set.iter().for_each(|component| component.take(handed, &mut mixed));
        measure(&mixed).as_ref() == Some(observed)
    })
}

/// The components whose bits are set.
fn members(bits: u32) -> Vec<Component> {
    let numbered = Component::ALL.into_iter().enumerate();
    numbered.filter(|(at, _)| bits >> at & 1 == 1).map(|(_, component)| component).collect()
}

#[cfg(test)]
mod tests {
    use super::{Component, explain};
    use crate::handed::Handed;

    fn image() -> Handed {
        Handed { firmware: vec![1], kernel: vec![2], initrd: vec![3], cmdline: "quiet".to_owned() }
    }

    fn measure(it: &Handed) -> Option<Vec<u8>> {
        Some([&it.firmware, &it.kernel, &it.initrd, it.cmdline.as_bytes()].concat())
    }

    #[test]
    fn each_changed_component_is_named_alone() {
        for component in Component::ALL {
            let mut handed = image();
            match component {
                Component::Firmware => handed.firmware.push(0),
                Component::Kernel => handed.kernel.push(0),
                Component::Initrd => handed.initrd.push(0),
                Component::Cmdline => handed.cmdline.push(' '),
            }
            let observed = measure(&handed).unwrap();
            let named = explain(&image(), &handed, &observed, measure);
            assert_eq!(named, Some(vec![component]));
        }
    }

    #[test]
    fn nothing_is_named_where_nothing_differs_and_none_where_something_else_does() {
        let observed = measure(&image()).unwrap();
        assert_eq!(explain(&image(), &image(), &observed, measure), Some(Vec::new()));
        assert_eq!(explain(&image(), &image(), &vec![9], measure), None);
    }
}
