//! Intel's production root: the only key at which a vendor chain may end.

use crate::anchor::KeyPin;

/// SHA-384 over the SubjectPublicKeyInfo of the Intel SGX Root CA, which also roots TDX.
pub const INTEL_SGX_ROOT_KEY: KeyPin = KeyPin::new([
    0x3c, 0xdf, 0x1f, 0xeb, 0x4e, 0x5e, 0xac, 0x62, 0x91, 0x70, 0xf1, 0x76, 0x25, 0x64, 0x8d, 0xa4,
    0xa1, 0x6e, 0xff, 0xa2, 0x2a, 0xe2, 0xbc, 0xca, 0x03, 0x0b, 0x43, 0x58, 0xa8, 0x96, 0x1c, 0x1b,
    0xf2, 0x6c, 0xf5, 0x4a, 0x95, 0x98, 0xcd, 0x6a, 0x2d, 0x4a, 0x9c, 0xbb, 0x62, 0x37, 0x7d, 0x22,
]);

/// The Intel SGX Root CA certificate, as Intel publishes it (DER).
pub const INTEL_SGX_ROOT: &[u8] = include_bytes!("../../roots/intel_sgx_root.der");

#[cfg(test)]
mod tests {
    use super::{INTEL_SGX_ROOT, INTEL_SGX_ROOT_KEY};
    use crate::x509::Certificate;

    #[test]
    fn the_certificate_has_the_pinned_key_and_signed_itself() {
        let root = Certificate::parse(INTEL_SGX_ROOT).unwrap();
        assert_eq!(root.key_pin(), INTEL_SGX_ROOT_KEY);
        assert_eq!(root.subject().common_name(), Some("Intel SGX Root CA"));
        assert!(root.is_ca());
        root.verify_signed_by(&root).unwrap();
    }
}
