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

#[test]
fn rejects_every_looser_form_of_a_block() {
    let der = milan().root();
    let text = certificate::pem([der.as_slice()]);
    let (first, rest) = text.split_once('\n').unwrap();
    let (line, tail) = rest.split_once('\n').unwrap();
    let (half, other) = line.split_at(32);
    let end = "-----END CERTIFICATE-----";
    let forms = [
        ("explanatory text", format!("subject: ARK\n{text}")),
        ("a header", format!("{first}\nProc-Type: 4\n\n{rest}")),
        ("an empty line", format!("{first}\n\n{rest}")),
        ("a short line in the middle", format!("{first}\n{line}\n{half}\n{other}\n{tail}")),
        ("a long line", format!("{first}\n{half}\n{other}{line}\n{tail}")),
        ("no line end after the beginning", format!("{first}{rest}")),
        ("no line end before the end", text.replace(&format!("\n{end}"), end)),
        ("blanks", format!("{first}\n{half} {other}\n{tail}")),
        ("another alphabet", format!("{first}\n{}-_\n{tail}", &line[2..])),
        ("padding in the middle", format!("{first}\n{}==\n{tail}", &line[2..])),
        ("a carriage return alone", text.replace('\n', "\r")),
        ("nothing inside", format!("{first}\n{end}\n")),
        ("an empty line inside", format!("{first}\n\n{end}\n")),
    ];
    for (form, wrong) in forms {
        assert_eq!(pem::blocks(&wrong).unwrap_err().code().id, "x509.pem", "{form}");
    }
}

#[test]
fn padding_has_to_be_there_and_to_carry_nothing() {
    let block = |base64: &str| {
        pem::blocks(&format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----"))
    };
    assert_eq!(block("MAA=").unwrap(), [[0x30, 0]]);
    for wrong in ["MAA", "MAB=", "MAA==", "MAA=\n\n", "MA==MA=="] {
        assert_eq!(block(wrong).unwrap_err().code().id, "x509.pem", "{wrong:?}");
    }
}
