//! The runtime data, as the paravisor writes it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{AzureGuest, VTPM};

pub(super) fn text(guest: &AzureGuest) -> String {
    let modulus = URL_SAFE_NO_PAD.encode(guest.key(VTPM).modulus());
    let storage = URL_SAFE_NO_PAD.encode(guest.pki.rsa2048(&format!("{VTPM}/ek")).modulus());
    let document = json!({
        "keys": [
            { "kid": "HCLAkPub", "key_ops": ["sign"], "kty": "RSA", "e": "AQAB", "n": modulus },
            { "kid": "HCLEkPub", "key_ops": ["encrypt"], "kty": "RSA", "e": "AQAB", "n": storage },
        ],
        "vm-configuration": {
            "console-enabled": true,
            "secure-boot": true,
            "tpm-enabled": true,
            "vmUniqueId": guest.vm_unique_id,
        },
        "user-data": "00".repeat(64),
    });
    document.to_string()
}
