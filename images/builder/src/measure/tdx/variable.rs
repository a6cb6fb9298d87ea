//! Variables as firmware measures them.
//!
//! SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.2.6 `UEFI_VARIABLE_DATA`.

use crate::measure::event::{Event, utf16};
use crate::measure::firmware::Guid;

/// `EFI_GLOBAL_VARIABLE`.
const GLOBAL: Guid = Guid::new(0x8be4_df61, 0x93ca, 0x11d2, 0xaa0d_00e0_9803_2b8c);
/// `EFI_IMAGE_SECURITY_DATABASE_GUID`.
const SECURITY: Guid = Guid::new(0xd719_b2cb, 0x3d3a, 0x4596, 0xa3bc_dad0_0e67_656f);

/// The variables of Secure Boot, none of which holds a key: `state` is what `SecureBoot` holds.
pub(super) fn secure_boot(state: &[u8]) -> [Event<'static>; 5] {
    [
        event(&GLOBAL, "SecureBoot", state),
        event(&GLOBAL, "PK", &[]),
        event(&GLOBAL, "KEK", &[]),
        event(&SECURITY, "db", &[]),
        event(&SECURITY, "dbx", &[]),
    ]
}

fn event(vendor: &Guid, name: &'static str, data: &[u8]) -> Event<'static> {
    let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX).to_le_bytes();
    let mut bytes = vendor.as_bytes().to_vec();
    bytes.extend_from_slice(&count(name.encode_utf16().count()));
    bytes.extend_from_slice(&count(data.len()));
    bytes.extend_from_slice(&utf16(name));
    bytes.extend_from_slice(data);
    Event::of(format!("variable {name}"), bytes)
}

/// `BootOrder` and `Boot0000` of a firmware that knows of no disk: its own menu is the only option.
/// Boot variables are hashed by what they hold, without a header.
pub(super) fn boot_options() -> [Event<'static>; 2] {
    let order = Event::of("boot order", vec![0, 0]);
    [order, Event::of("boot option 0", menu())]
}

/// OVMF's firmware volume, and the menu in it.
const VOLUME: Guid = Guid::new(0x7cb8_bdc9, 0xf8eb, 0x4f34, 0xaaea_3ee4_af65_16a1);
const MENU: Guid = Guid::new(0x462c_aa21, 0x7614, 0x4503, 0x836e_8ab6_f466_2331);
/// Active, in the category of applications, hidden.
const MENU_ATTRIBUTES: u32 = 0x109;
/// The device path below, in bytes.
const PATH_BYTES: u16 = 44;

/// `EFI_LOAD_OPTION` of the menu.
// SPEC: UEFI 2.10 sections 3.1.3 and 10.3.5.
fn menu() -> Vec<u8> {
    let mut option = MENU_ATTRIBUTES.to_le_bytes().to_vec();
    option.extend_from_slice(&PATH_BYTES.to_le_bytes());
    option.extend_from_slice(&utf16("UiApp\0"));
    // Media device paths: a volume (7) and a file in it (6), each 20 bytes; then the end.
    option.extend_from_slice(&[4, 7, 20, 0]);
    option.extend_from_slice(VOLUME.as_bytes());
    option.extend_from_slice(&[4, 6, 20, 0]);
    option.extend_from_slice(MENU.as_bytes());
    option.extend_from_slice(&[0x7f, 0xff, 4, 0]);
    option
}
