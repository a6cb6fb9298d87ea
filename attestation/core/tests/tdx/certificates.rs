//! The PCK certificate chain, the TCB signer, and the CRLs over both.

use core::time::Duration;

use cloister_attestation::x509::Certificate;
use cloister_simulator::tdx::{PckAuthority, SGX_EXTENSION};
use cloister_simulator::{Name, TdxGuest};

use super::guest::{ISSUED, NOW, guest, outcome, outcome_at, refusal};

const DAY: Duration = Duration::from_secs(86_400);

fn serial(der: &[u8]) -> Vec<u8> {
    Certificate::parse(der).unwrap().serial().to_vec()
}

fn processor() -> TdxGuest {
    guest().with_pck_authority(PckAuthority::Processor)
}

#[test]
fn both_certification_authorities_are_known() {
    assert!(outcome(&guest()).unwrap().pck().is_multi_package());
    assert!(!outcome(&processor()).unwrap().pck().is_multi_package());
}

#[test]
fn the_fields_of_a_certificate_are_those_of_its_authority() {
    let without = guest().with_pck_fields(|pck| pck.platform = None);
    assert_eq!(refusal(&without), "tdx.pck.extension");
    let platform = guest().pck_fields().platform;
    let with = processor().with_pck_fields(move |pck| pck.platform = platform.clone());
    assert_eq!(refusal(&with), "tdx.pck.extension");
}

#[test]
fn other_names_than_intels_are_refused() {
    let leaf = guest().with_pck_certificate(|c| c.subject = Name::intel("Intel SGX TCB Signing"));
    assert_eq!(refusal(&leaf), "tdx.pck.name");
    let issuer = guest()
        .with_pck_authority_certificate(|c| c.subject = Name::intel("Intel SGX PCK Other CA"))
        .with_pck_certificate(|c| c.issuer = Name::intel("Intel SGX PCK Other CA"));
    assert_eq!(refusal(&issuer), "tdx.pck.name");
    let signer = guest()
        .with_tcb_signing_certificate(|c| c.subject = Name::intel("Intel SGX PCK Certificate"));
    assert_eq!(refusal(&signer), "tdx.tcb_signer.chain");
}

#[test]
fn names_that_do_not_chain_are_refused() {
    let leaf =
        guest().with_pck_certificate(|c| c.issuer = Name::intel("Intel SGX PCK Processor CA"));
    assert_eq!(refusal(&leaf), "tdx.pck.chain");
    let signer =
        guest().with_tcb_signing_certificate(|c| c.issuer = Name::intel("Intel SGX Root CB"));
    assert_eq!(refusal(&signer), "tdx.tcb_signer.chain");
}

#[test]
fn a_platform_certificate_cannot_sign_tcb_info() {
    let own = guest();
    let pck = own.pck_certificate();
    let root = own.root();
    let chain = cloister_simulator::certificate::pem([pck.as_slice(), &root]);
    let forged = guest().with_collateral(move |parts| parts.tcb_info_issuer_chain = chain.clone());
    assert_eq!(refusal(&forged), "tdx.tcb_signer.chain");
}

#[test]
fn certificates_are_valid_at_both_ends_of_their_time_and_not_beyond() {
    for (from, until, ok) in [(0, 10, true), (1, 10, false), (-10, 0, true), (-10, -1, false)] {
        let at = |offset: i64| {
            cloister_attestation::time::UnixTime::from_secs(
                NOW.as_secs().checked_add_signed(offset).unwrap(),
            )
        };
        let (from, until) = (at(from), at(until));
        let leaf =
            guest().with_pck_certificate(move |c| (c.not_before, c.not_after) = (from, until));
        assert_eq!(outcome(&leaf).err(), (!ok).then_some("tdx.pck.validity"));
        let issuer = guest()
            .with_pck_authority_certificate(move |c| (c.not_before, c.not_after) = (from, until));
        assert_eq!(outcome(&issuer).err(), (!ok).then_some("tdx.pck.validity"));
        let signer = guest()
            .with_tcb_signing_certificate(move |c| (c.not_before, c.not_after) = (from, until));
        assert_eq!(outcome(&signer).err(), (!ok).then_some("tdx.tcb_signer.validity"));
    }
}

#[test]
fn revoked_certificates_are_refused() {
    let revoked = serial(&guest().pck_certificate());
    let leaf = guest().with_pck_crl(move |crl| crl.revoked.push(revoked.clone()));
    assert_eq!(refusal(&leaf), "tdx.pck.revoked");
    let revoked = serial(&guest().pck_authority());
    let issuer = guest().with_root_crl(move |crl| crl.revoked.push(revoked.clone()));
    assert_eq!(refusal(&issuer), "tdx.pck.revoked");
    let revoked = serial(&guest().tcb_signing());
    let signer = guest().with_root_crl(move |crl| crl.revoked.push(revoked.clone()));
    assert_eq!(refusal(&signer), "tdx.tcb_signer.revoked");
    let revoked = serial(&guest().root());
    let root = guest().with_root_crl(move |crl| crl.revoked.push(revoked.clone()));
    assert_eq!(refusal(&root), "tdx.root.revoked");
}

#[test]
fn the_serial_of_another_certificate_on_a_crl_revokes_nothing() {
    let mut near = serial(&guest().pck_certificate());
    *near.last_mut().unwrap() ^= 1;
    outcome(&guest().with_pck_crl(move |crl| crl.revoked.push(near.clone()))).unwrap();
}

/// It is genuine, current, and silent about this certificate, because it is not about it.
#[test]
fn the_crl_of_the_other_authority_is_refused() {
    let other = processor().collateral_parts().pck_crl;
    let guest = guest().with_collateral(move |parts| parts.pck_crl = other.clone());
    assert_eq!(refusal(&guest), "tdx.pck_crl.signature");
}

#[test]
fn forged_and_swapped_crls_are_refused() {
    let renamed =
        guest().with_pck_crl(|crl| crl.issuer = Name::intel("Intel SGX PCK Processor CA"));
    assert_eq!(refusal(&renamed), "tdx.pck_crl.signature");
    let swapped = guest()
        .with_collateral(|parts| core::mem::swap(&mut parts.root_ca_crl, &mut parts.pck_crl));
    assert_eq!(refusal(&swapped), "tdx.root_crl.signature");
    let cut = guest().with_collateral(|parts| parts.pck_crl.truncate(200));
    assert_eq!(refusal(&cut), "tdx.pck_crl.signature");
}

#[test]
fn stale_and_future_crls_are_refused() {
    for (until, ok) in [(NOW, true), (NOW.minus(Duration::from_secs(1)), false)] {
        let pck = guest().with_pck_crl(move |crl| crl.next_update = until);
        assert_eq!(outcome(&pck).err(), (!ok).then_some("tdx.pck_crl.freshness"));
        let root = guest().with_root_crl(move |crl| crl.next_update = until);
        assert_eq!(outcome(&root).err(), (!ok).then_some("tdx.root_crl.freshness"));
    }
    let future = guest().with_pck_crl(|crl| crl.this_update = NOW.plus(Duration::from_secs(1)));
    assert_eq!(refusal(&future), "tdx.pck_crl.freshness");
}

#[test]
fn nothing_is_verified_before_it_was_issued_or_after_it_ended() {
    assert!(outcome_at(&guest(), ISSUED).is_ok());
    assert!(outcome_at(&guest(), ISSUED.minus(Duration::from_secs(1))).is_err());
    assert!(outcome_at(&guest(), ISSUED.plus(31 * DAY)).is_err());
}

mod pck_extension {
    use super::{SGX_EXTENSION, guest, outcome, refusal};

    /// Replaces bytes of the encoded extension, keeping its length.
    fn patched(from: &'static str, to: &'static str) -> cloister_simulator::TdxGuest {
        let (from, to) = (hex::decode(from).unwrap(), hex::decode(to).unwrap());
        guest().with_pck_certificate(move |c| {
            let extension = c.extensions.iter_mut().find(|e| e.oid == SGX_EXTENSION).unwrap();
            let at = extension.value.windows(from.len()).position(|w| w == from).unwrap();
            extension.value[at..at + to.len()].copy_from_slice(&to);
        })
    }

    #[test]
    fn every_field_is_read() {
        let guest = guest().with_pck_fields(|pck| {
            pck.ppid = [1; 16];
            pck.cpu_svn = [2; 16];
            pck.pce_svn = 0x1234;
            pck.components = core::array::from_fn(|at| 128 + u8::try_from(at).unwrap());
        });
        let verified = outcome(&guest).unwrap();
        let pck = verified.pck();
        assert_eq!(pck.ppid().as_bytes(), &[1; 16]);
        assert_eq!(pck.cpu_svn(), &[2; 16]);
        assert_eq!(pck.pce_svn(), 0x1234);
        assert_eq!(
            pck.sgx_components(),
            &core::array::from_fn::<u8, 16, _>(|at| 128 + u8::try_from(at).unwrap())
        );
        assert_eq!(
            (pck.dynamic_platform(), pck.cached_keys(), pck.smt_enabled()),
            (Some(true), Some(true), Some(true))
        );
        assert_eq!(verified.product(), "fmspc 53494d000000");
    }

    #[test]
    fn each_flag_is_told_from_the_others() {
        let flags = |pck: &cloister_attestation::tdx::PckExtension| {
            [pck.dynamic_platform(), pck.cached_keys(), pck.smt_enabled()]
        };
        for set in 0..3 {
            let guest = guest().with_pck_fields(move |pck| {
                let platform = pck.platform.as_mut().unwrap();
                platform.dynamic_platform = set == 0;
                platform.cached_keys = set == 1;
                platform.smt_enabled = set == 2;
            });
            let expected = [0, 1, 2].map(|flag| Some(flag == set));
            assert_eq!(flags(outcome(&guest).unwrap().pck()), expected);
        }
    }

    #[test]
    fn missing_and_duplicate_ones_are_refused() {
        let missing = guest().with_pck_certificate(|c| c.remove_extension(&SGX_EXTENSION));
        assert_eq!(refusal(&missing), "tdx.pck.extension");
        let twice = guest().with_pck_certificate(|c| c.duplicate_extension(&SGX_EXTENSION));
        assert_eq!(refusal(&twice), "tdx.pck.format");
        let empty = guest().with_pck_certificate(|c| c.replace_extension(&SGX_EXTENSION, &[]));
        assert_eq!(refusal(&empty), "tdx.pck.extension");
        let nothing =
            guest().with_pck_certificate(|c| c.replace_extension(&SGX_EXTENSION, &[0x30, 0]));
        assert_eq!(refusal(&nothing), "tdx.pck.extension");
    }

    #[test]
    fn other_encodings_are_refused() {
        const OID: &str = "060a2a864886f84d010d01";
        const TCB_OID: &str = "060b2a864886f84d010d0102";
        let cases: [(String, String); 10] = [
            // An optional flag twice, with the other absent.
            ("060b2a864886f84d010d010702".into(), "060b2a864886f84d010d010701".into()),
            // PCE-ID becomes a second FMSPC, an unknown field, and a field of another arc.
            (format!("{OID}03"), format!("{OID}04")),
            (format!("{OID}03"), format!("{OID}08")),
            (format!("{OID}03"), "060a2a864886f84d010d0203".into()),
            // PPID as UTF8String; FMSPC one byte short in its tag's length is no DER at all.
            (format!("{OID}010410"), format!("{OID}010c10")),
            (format!("{OID}040406"), format!("{OID}040405")),
            // SGX type beyond its three values, and as INTEGER.
            (format!("{OID}050a0101"), format!("{OID}050a0103")),
            (format!("{OID}050a0101"), format!("{OID}05020101")),
            // Component 1 negative; component 2 in place of component 3.
            (format!("{TCB_OID}01020103"), format!("{TCB_OID}01020183")),
            (format!("{TCB_OID}03"), format!("{TCB_OID}02")),
        ];
        for (from, to) in cases {
            let (from, to): (&'static str, &'static str) = (from.leak(), to.leak());
            assert_eq!(refusal(&patched(from, to)), "tdx.pck.extension", "{from} to {to}");
        }
    }

    #[test]
    fn a_boolean_has_one_encoding_of_true() {
        let guest = patched("060b2a864886f84d010d0107010101ff", "060b2a864886f84d010d010701010101");
        assert_eq!(refusal(&guest), "tdx.pck.extension");
    }
}

/// Intel sends one signer's chain with TCB info and with QE identity.
mod of_two_documents {
    use cloister_attestation::anchor::Anchors;
    use cloister_attestation::code::Diagnostic;
    use cloister_attestation::tdx::{Collateral, VerifiedCollateral};
    use cloister_attestation::x509::pem;
    use cloister_simulator::certificate;

    use super::super::guest::{NOW, anchors, guest};

    /// The steps with the chain of `document` changed.
    fn steps(
        document: &str,
        change: impl FnOnce(String) -> String,
    ) -> Result<Vec<&'static str>, &'static str> {
        let guest = guest();
        let trusted: Anchors = anchors(&guest);
        let mut json: serde_json::Value = serde_json::from_slice(&guest.collateral_json()).unwrap();
        let chain = &mut json[format!("{document}_issuer_chain")];
        *chain = change(chain.as_str().unwrap().to_owned()).into();
        let collateral = Collateral::from_json(json.to_string().as_bytes()).unwrap();
        let verified = VerifiedCollateral::new(&collateral, &trusted, NOW);
        let verified = verified.map_err(|error| error.code().id)?;
        Ok(verified.checks().iter().map(|check| check.code.id).collect())
    }

    #[test]
    fn each_chain_is_among_the_steps_whether_or_not_both_are_one() {
        let same = steps("qe_identity", |chain| chain).unwrap();
        let other = steps("qe_identity", |chain| chain + "\n").unwrap();
        assert_eq!(same, other);
        assert_eq!(same.iter().filter(|id| **id == "tdx.tcb_signer.validity").count(), 4);
        assert_eq!(same.iter().filter(|id| **id == "tdx.tcb_signer.revoked").count(), 2);
    }

    #[test]
    fn a_forged_chain_is_refused_though_the_other_is_genuine() {
        let forged = |chain: String| {
            let mut ders = pem::blocks(&chain).unwrap();
            *ders[0].last_mut().unwrap() ^= 1;
            certificate::pem(ders.iter().map(Vec::as_slice))
        };
        for document in ["tcb_info", "qe_identity"] {
            assert_eq!(steps(document, forged).err(), Some("tdx.tcb_signer.chain"), "{document}");
        }
    }

    #[test]
    fn a_chain_of_another_key_does_not_vouch_for_a_document() {
        let pck = |_| {
            let guest = guest();
            certificate::pem([guest.pck_authority().as_slice(), &guest.root()])
        };
        for document in ["tcb_info", "qe_identity"] {
            assert_eq!(steps(document, pck).err(), Some("tdx.tcb_signer.chain"), "{document}");
        }
    }
}
