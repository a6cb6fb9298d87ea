//! Names for events that people recognise.

use crate::event_log::event::Event;
use crate::event_log::event_type::EventType;
use crate::event_log::payload::{Image, TaggedEvent, UefiVariable, file_name};
use crate::event_log::payload::{measured_prefix, utf16};

/// Characters of the log's own text in a name.
const TEXT_CHARS_MAX: usize = 120;

impl Event {
    /// What this event measures, in words: `kernel image`, `secure boot variable db`, `GPT`.
    ///
    /// # Security
    /// Made from the type and the payload, which a log may invent. For people, never for a
    /// decision.
    #[must_use]
    pub fn label(&self) -> String {
        match (self.event_type, self.name()) {
            (EventType::RUNTIME, Some(name)) => format!("runtime event {}", printable(name)),
            (_, Some(name)) => format!("{} {}", self.kind(), printable(name)),
            (_, None) => self.kind(),
        }
    }

    fn kind(&self) -> String {
        match self.event_type {
            EventType::SEPARATOR => "separator".to_owned(),
            EventType::EFI_GPT_EVENT | EventType::EFI_GPT_EVENT2 => "GPT".to_owned(),
            EventType::S_CRTM_VERSION => "firmware version".to_owned(),
            EventType::EFI_PLATFORM_FIRMWARE_BLOB | EventType::EFI_PLATFORM_FIRMWARE_BLOB2 => {
                "firmware volume".to_owned()
            }
            EventType::ACTION | EventType::EFI_ACTION => {
                format!("action `{}`", printable(&text(&self.payload)))
            }
            EventType::EFI_VARIABLE_DRIVER_CONFIG
            | EventType::EFI_VARIABLE_BOOT
            | EventType::EFI_VARIABLE_BOOT2
            | EventType::EFI_VARIABLE_AUTHORITY => variable(self),
            EventType::EFI_BOOT_SERVICES_APPLICATION => image(&self.payload, "EFI application"),
            EventType::EFI_BOOT_SERVICES_DRIVER | EventType::EFI_RUNTIME_SERVICES_DRIVER => {
                image(&self.payload, "EFI driver")
            }
            EventType::EVENT_TAG => tagged(&self.payload),
            EventType::IPL => boot_loader(&self.payload),
            EventType::PLATFORM_CONFIG_FLAGS if self.payload == b"ACPI DATA" => {
                "ACPI tables".to_owned()
            }
            EventType::EFI_HANDOFF_TABLES2 => described("hand-off tables", &self.payload),
            other => other.to_string(),
        }
    }
}

fn variable(event: &Event) -> String {
    let Some(variable) = UefiVariable::read(&event.payload) else {
        return event.event_type.to_string();
    };
    let name = printable(&variable.name);
    match (event.event_type, name.as_str()) {
        (EventType::EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot") => "secure boot state".to_owned(),
        (EventType::EFI_VARIABLE_DRIVER_CONFIG, "PK" | "KEK" | "db" | "dbx" | "dbt" | "dbr") => {
            format!("secure boot variable {name}")
        }
        (EventType::EFI_VARIABLE_AUTHORITY, _) => format!("secure boot authority {name}"),
        (EventType::EFI_VARIABLE_BOOT | EventType::EFI_VARIABLE_BOOT2, "BootOrder") => {
            "boot order".to_owned()
        }
        (EventType::EFI_VARIABLE_BOOT | EventType::EFI_VARIABLE_BOOT2, _) => {
            format!("boot option {name}")
        }
        _ => format!("UEFI variable {name}"),
    }
}

fn image(payload: &[u8], what: &str) -> String {
    let image = Image::read(payload);
    match image.path {
        _ if image.is_direct_kernel => "kernel image".to_owned(),
        Some(path) => file(&path).unwrap_or_else(|| format!("{what} {}", printable(&path))),
        None => what.to_owned(),
    }
}

fn tagged(payload: &[u8]) -> String {
    match TaggedEvent::read(payload).map(|tagged| tagged.id) {
        Some(TaggedEvent::LINUX_LOAD_OPTIONS) => "kernel command line".to_owned(),
        Some(TaggedEvent::LINUX_INITRD) => "initrd".to_owned(),
        Some(id) => {
            let data = payload.get(TaggedEvent::DATA..).unwrap_or_default();
            if !data.is_empty() && data.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
            {
                printable(&text(data))
            } else {
                format!("tagged event {id:#010x}")
            }
        }
        // Kernels before the tag was settled logged the description alone.
        None if text(payload) == "LOADED_IMAGE::LoadOptions" => "kernel command line".to_owned(),
        None => format!("agent event {}", printable(&text(payload))),
    }
}

fn boot_loader(payload: &[u8]) -> String {
    if let Some(prefix) = measured_prefix(payload) {
        let (kind, rest) = payload.split_at_checked(prefix).unwrap_or((payload, &[]));
        return if kind == b"grub_cmd: " {
            format!("GRUB command `{}`", printable(&text(rest)))
        } else {
            "kernel command line".to_owned()
        };
    }
    // systemd-stub names the sections of a unified kernel image in UTF-16.
    if payload.len() >= 4 && payload.get(1) == Some(&0) {
        let name = utf16(payload);
        return section(&name).unwrap_or_else(|| format!("boot loader `{}`", printable(&name)));
    }
    let name = text(payload);
    if name.starts_with("MokList") {
        return format!("shim variable {}", printable(&name));
    }
    file(&name).unwrap_or_else(|| format!("boot loader file {}", printable(&name)))
}

fn section(name: &str) -> Option<String> {
    let what = match name {
        ".linux" => "kernel image",
        ".initrd" => "initrd",
        ".cmdline" => "kernel command line",
        ".osrel" => "OS release",
        ".uname" => "kernel release",
        ".sbat" => "SBAT section",
        _ => return None,
    };
    Some(what.to_owned())
}

/// Kernel or initial RAM disk, by the customs of file names.
fn file(path: &str) -> Option<String> {
    let name = file_name(path);
    let what = if name.starts_with("vmlinu") || name.starts_with("bzimage") || name == "kernel" {
        "kernel image"
    } else if name.starts_with("initr") {
        "initrd"
    } else {
        return None;
    };
    Some(format!("{what} {}", printable(path)))
}

fn described(what: &str, payload: &[u8]) -> String {
    let name = payload.split_first().and_then(|(len, rest)| rest.get(..usize::from(*len)));
    match name {
        Some(name) => format!("{what} {}", printable(&text(name))),
        None => what.to_owned(),
    }
}

fn text(payload: &[u8]) -> String {
    String::from_utf8_lossy(payload).trim_end_matches('\0').to_owned()
}

/// Without characters that act on a terminal, and not too long.
fn printable(text: &str) -> String {
    let shown: String =
        text.chars().take(TEXT_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > TEXT_CHARS_MAX { format!("{shown}…") } else { shown }
}
