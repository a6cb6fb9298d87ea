//! PEM text.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::x509::pem;
use cloister_simulator::certificate;

use crate::snp::guest::milan;

#[test]
fn reads_several_certificates_in_order() {
    let ders = [milan().intermediate(), milan().root()];
    let text = certificate::pem(ders.iter().map(Vec::as_slice));
    assert_eq!(pem::blocks(&text).unwrap(), ders);
    let parsed = pem::certificates(&format!("\n{text}\n\n")).unwrap();
    assert_eq!(parsed.iter().map(|c| c.as_der().to_vec()).collect::<Vec<_>>(), ders);
}

#[test]
fn reads_line_ends_of_any_system() {
    let der = milan().root();
    let text = certificate::pem([der.as_slice()]).replace('\n', "\r\n");
    assert_eq!(pem::blocks(&text).unwrap(), [der]);
}

#[test]
fn rejects_nothing_garbage_and_other_labels() {
    let text = certificate::pem([milan().root().as_slice()]);
    for (wrong, code) in [
        (String::new(), "x509.pem"),
        ("no certificate".to_owned(), "x509.pem"),
        (text.replace("CERTIFICATE", "PRIVATE KEY"), "x509.pem"),
        (text.replace("-----END CERTIFICATE-----", ""), "x509.pem"),
        (format!("{text}trailing"), "x509.pem"),
        ("x".repeat(64 * 1024 + 1), "x509.too_large"),
    ] {
        assert_eq!(pem::certificates(&wrong).unwrap_err().code().id, code);
    }
}
