//! Everything that Intel publishes about a platform, in one document.

use serde::Serialize;

use super::{QeIdentity, TcbInfo, TdxGuest, pck};
use crate::certificate::pem;
use crate::crl::Crl;
use crate::key::Algorithm;

/// The parts of the document, as text: PEM chains, CRLs and signatures in hex, JSON as signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the document, under its names")]
pub struct CollateralParts {
    pub pck_crl_issuer_chain: String,
    pub root_ca_crl: String,
    pub pck_crl: String,
    pub tcb_info_issuer_chain: String,
    pub tcb_info: String,
    pub tcb_info_signature: String,
    pub qe_identity_issuer_chain: String,
    pub qe_identity: String,
    pub qe_identity_signature: String,
}

pub(super) fn issue(guest: &TdxGuest) -> CollateralParts {
    let hooks = &guest.hooks;
    let root = guest.root();
    let tcb_chain = pem([guest.tcb_signing().as_slice(), &root]);
    let tcb_info = hooks.tcb_info.apply(TcbInfo::of(guest));
    let tcb_info = hooks.tcb_info_text.apply(json(&tcb_info));
    let qe_identity = hooks.qe_identity.apply(QeIdentity::of(guest));
    let qe_identity = hooks.qe_identity_text.apply(json(&qe_identity));
    let sign = |text: &str| guest.sign_document(text);
    CollateralParts {
        pck_crl_issuer_chain: pem([guest.pck_authority().as_slice(), &root]),
        root_ca_crl: hex::encode(root_crl(guest)),
        pck_crl: hex::encode(pck_crl(guest)),
        tcb_info_issuer_chain: tcb_chain.clone(),
        tcb_info_signature: sign(&tcb_info),
        tcb_info,
        qe_identity_issuer_chain: tcb_chain,
        qe_identity_signature: sign(&qe_identity),
        qe_identity,
    }
}

fn json<T: Serialize>(document: &T) -> String {
    serde_json::to_string(document).expect("strings and numbers serialize")
}

fn root_crl(guest: &TdxGuest) -> Vec<u8> {
    let key = guest.pki.intel_root();
    let validity = guest.pki.valid_for_years(1);
    let crl = Crl::new(pck::root_name(), &key, Algorithm::EcdsaP256Sha256, validity);
    guest.hooks.root_crl.apply(crl).sign(&key)
}

fn pck_crl(guest: &TdxGuest) -> Vec<u8> {
    let key = guest.authority_key();
    let validity = guest.pki.valid_for_days(30);
    let crl = Crl::new(pck::authority_name(guest), &key, Algorithm::EcdsaP256Sha256, validity);
    guest.hooks.pck_crl.apply(crl).sign(&key)
}
