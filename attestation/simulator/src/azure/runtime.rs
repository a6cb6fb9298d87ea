//! The runtime data, as the paravisor writes it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// What the runtime data says, as far as machines differ.
pub(super) struct Claims<'a> {
    /// Modulus of the key that signs quotes.
    pub(super) attestation: &'a [u8],
    /// Modulus of the key that others encrypt to, where it is named.
    pub(super) endorsement: Option<&'a [u8]>,
    pub(super) vm_unique_id: &'a str,
    pub(super) secure_boot: bool,
}

impl Claims<'_> {
    pub(super) fn text(&self) -> String {
        let attestation = [key("HCLAkPub", "sign", self.attestation)];
        let endorsement = self.endorsement.map(|modulus| key("HCLEkPub", "encrypt", modulus));
        let document = json!({
            "keys": attestation.into_iter().chain(endorsement).collect::<Vec<_>>(),
            "vm-configuration": {
                "console-enabled": true,
                "secure-boot": self.secure_boot,
                "tpm-enabled": true,
                "vmUniqueId": self.vm_unique_id,
            },
            "user-data": "00".repeat(64),
        });
        document.to_string()
    }
}

fn key(name: &str, operation: &str, modulus: &[u8]) -> Value {
    let modulus = URL_SAFE_NO_PAD.encode(modulus);
    json!({ "kid": name, "key_ops": [operation], "kty": "RSA", "e": "AQAB", "n": modulus })
}
