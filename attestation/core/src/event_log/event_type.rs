//! Event types by their TCG names.

use core::fmt;

/// `TCG_PCR_EVENT2.eventType`. The set is open: types that are not known keep their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventType(u32);

/// Declares the known types with their names.
macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)+) => {
        impl EventType {
            $($(#[$doc])* pub const $name: Self = Self($value);)+

            /// The name in the specification, where the type is known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)+
                    _ => None,
                }
            }
        }
    };
}

// SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.4.1, table 27 "Event Types".
event_types! {
    /// Code of the platform firmware; the payload names or locates it.
    POST_CODE = 0x01, "EV_POST_CODE";
    /// Never extended: information for whoever reads the log.
    NO_ACTION = 0x03, "EV_NO_ACTION";
    /// The line between the firmware and what it starts.
    SEPARATOR = 0x04, "EV_SEPARATOR";
    /// A fixed string.
    ACTION = 0x05, "EV_ACTION";
    /// A tag and what it stands for.
    EVENT_TAG = 0x06, "EV_EVENT_TAG";
    /// The root of trust's code.
    S_CRTM_CONTENTS = 0x07, "EV_S_CRTM_CONTENTS";
    /// The root of trust's version.
    S_CRTM_VERSION = 0x08, "EV_S_CRTM_VERSION";
    /// Microcode.
    CPU_MICROCODE = 0x09, "EV_CPU_MICROCODE";
    /// Platform configuration, such as ACPI tables.
    PLATFORM_CONFIG_FLAGS = 0x0a, "EV_PLATFORM_CONFIG_FLAGS";
    /// The platform's devices.
    TABLE_OF_DEVICES = 0x0b, "EV_TABLE_OF_DEVICES";
    /// A digest by the boot code.
    COMPACT_HASH = 0x0c, "EV_COMPACT_HASH";
    /// The boot loader: files, commands and command lines.
    IPL = 0x0d, "EV_IPL";
    /// The boot loader's partition.
    IPL_PARTITION_DATA = 0x0e, "EV_IPL_PARTITION_DATA";
    /// Code of another platform part.
    NONHOST_CODE = 0x0f, "EV_NONHOST_CODE";
    /// Configuration of another platform part.
    NONHOST_CONFIG = 0x10, "EV_NONHOST_CONFIG";
    /// Information about another platform part.
    NONHOST_INFO = 0x11, "EV_NONHOST_INFO";
    /// Devices were left out of the measurement.
    OMIT_BOOT_DEVICE_EVENTS = 0x12, "EV_OMIT_BOOT_DEVICE_EVENTS";
    /// Code of the platform firmware, with its name.
    POST_CODE2 = 0x13, "EV_POST_CODE2";
    /// A UEFI variable that configures what is started, such as the secure boot databases.
    EFI_VARIABLE_DRIVER_CONFIG = 0x8000_0001, "EV_EFI_VARIABLE_DRIVER_CONFIG";
    /// A UEFI variable about boot options.
    EFI_VARIABLE_BOOT = 0x8000_0002, "EV_EFI_VARIABLE_BOOT";
    /// A PE image that was started as an application: boot loader, kernel.
    EFI_BOOT_SERVICES_APPLICATION = 0x8000_0003, "EV_EFI_BOOT_SERVICES_APPLICATION";
    /// A PE image that was started as a boot services driver.
    EFI_BOOT_SERVICES_DRIVER = 0x8000_0004, "EV_EFI_BOOT_SERVICES_DRIVER";
    /// A PE image that was started as a runtime services driver.
    EFI_RUNTIME_SERVICES_DRIVER = 0x8000_0005, "EV_EFI_RUNTIME_SERVICES_DRIVER";
    /// The partition table.
    EFI_GPT_EVENT = 0x8000_0006, "EV_EFI_GPT_EVENT";
    /// A fixed string by the UEFI firmware.
    EFI_ACTION = 0x8000_0007, "EV_EFI_ACTION";
    /// A firmware volume; the payload locates it.
    EFI_PLATFORM_FIRMWARE_BLOB = 0x8000_0008, "EV_EFI_PLATFORM_FIRMWARE_BLOB";
    /// Tables handed to the firmware or the system.
    EFI_HANDOFF_TABLES = 0x8000_0009, "EV_EFI_HANDOFF_TABLES";
    /// A firmware volume; the payload names and locates it.
    EFI_PLATFORM_FIRMWARE_BLOB2 = 0x8000_000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2";
    /// Tables handed to the firmware or the system, with a name.
    EFI_HANDOFF_TABLES2 = 0x8000_000b, "EV_EFI_HANDOFF_TABLES2";
    /// A UEFI variable about boot options, measured whole.
    EFI_VARIABLE_BOOT2 = 0x8000_000c, "EV_EFI_VARIABLE_BOOT2";
    /// The partition table without what identifies one disk.
    EFI_GPT_EVENT2 = 0x8000_000d, "EV_EFI_GPT_EVENT2";
    /// A dynamic launch before the static one.
    EFI_HCRTM_EVENT = 0x8000_0010, "EV_EFI_HCRTM_EVENT";
    /// The certificate or variable that authorised an image.
    EFI_VARIABLE_AUTHORITY = 0x8000_00e0, "EV_EFI_VARIABLE_AUTHORITY";
    /// A device's firmware, by SPDM.
    EFI_SPDM_FIRMWARE_BLOB = 0x8000_00e1, "EV_EFI_SPDM_FIRMWARE_BLOB";
    /// A device's configuration, by SPDM.
    EFI_SPDM_FIRMWARE_CONFIG = 0x8000_00e2, "EV_EFI_SPDM_FIRMWARE_CONFIG";
    /// An event by a runtime inside the guest: a name and a payload.
    // SPEC: dstack, event type 0x08000001.
    RUNTIME = 0x0800_0001, "runtime event";
}

impl EventType {
    /// By number.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "event type {:#010x}", self.0),
        }
    }
}
