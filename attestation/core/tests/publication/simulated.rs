//! Answers in every form that is wrong.

use cloister_attestation::bytes::{Fmspc, ReportData};
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::publication::{
    Need, PckCa, Publication, PublicationError, Response, TcbUpdate,
};
use cloister_attestation::snp::{Product, Report, SigningKey};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::Endorsements;
use cloister_simulator::publisher::Catalogue;
use cloister_simulator::{Pki, SnpGuest};

const ISSUED: UnixTime = UnixTime::from_secs(1_800_000_000);
const NOW: UnixTime = UnixTime::from_secs(1_800_003_600);
const STANDARD: TcbUpdate = TcbUpdate::Standard;

fn pki() -> Pki {
    Pki::from_seed("core publications", ISSUED)
}

fn published(pki: &Pki, need: Need) -> Response {
    let published = Catalogue::new(pki).find(&need.path()).unwrap();
    Response { body: published.body, issuer_chain: published.issuer_chain.map(|(_, chain)| chain) }
}

fn verify(pki: &Pki, need: Need, response: &Response) -> Result<Publication, PublicationError> {
    let authority = need.authority(&pki.anchors()).map(|authority| {
        let response = published(pki, authority);
        Publication::verify(authority, &response, None, &pki.anchors(), NOW).unwrap()
    });
    Publication::verify(need, response, authority.as_ref(), &pki.anchors(), NOW)
}

fn all(pki: &Pki) -> Vec<Need> {
    let product = Product::Turin;
    let report = SnpGuest::new(pki, product).report(&ReportData::new([0; 64]));
    let report = Report::parse(&report).unwrap();
    let tcb = report.reported_tcb().components(product);
    vec![
        Need::Vcek { product, hwid: *report.chip_id(), tcb },
        Need::AmdChain { product, key: SigningKey::Vcek },
        Need::AmdCrl { product },
        Need::PckCrl { ca: PckCa::Processor },
        Need::IntelRootCrl,
        Need::TdxTcbInfo { fmspc: Fmspc::new(*b"SIM\0\0\0"), update: STANDARD },
        Need::TdQeIdentity { update: STANDARD },
    ]
}

#[test]
fn every_document_is_accepted_as_itself_and_put_into_its_place() {
    let pki = pki();
    for need in all(&pki) {
        let publication = verify(&pki, need, &published(&pki, need)).unwrap();
        assert_eq!(publication.issue().is_some(), need.is_reissued(), "{need}");
        let empty = || {
            let tees = [
                cloister_attestation::evidence::Tee::Snp,
                cloister_attestation::evidence::Tee::Tdx,
            ];
            tees.map(|tee| Endorsements::none(tee).unwrap())
        };
        let mut places = empty();
        let taken = places.each_mut().map(|place| publication.add_to(place));
        assert!(taken[0] != taken[1], "{need} belongs to one TEE");
        for (place, (before, taken)) in places.iter().zip(empty().iter().zip(taken)) {
            assert_eq!(place != before, taken, "{need}");
        }
    }
}

/// Every document under every other need: nothing passes for what it is not.
#[test]
fn no_document_passes_for_another() {
    let pki = pki();
    let needs = all(&pki);
    for asked in &needs {
        for answered in needs.iter().filter(|answered| *answered != asked) {
            let outcome = verify(&pki, *asked, &published(&pki, *answered));
            assert!(outcome.is_err(), "{answered} for {asked}");
        }
    }
}

#[test]
fn one_flipped_bit_anywhere_in_a_signed_body_is_refused() {
    let pki = pki();
    for need in all(&pki) {
        let genuine = published(&pki, need);
        let step = (genuine.body.len() / 40).max(1);
        for at in (0..genuine.body.len()).step_by(step) {
            let mut response = genuine.clone();
            response.body[at] ^= 1;
            // PEM has bytes that mean nothing: line ends between blocks.
            let means_nothing = genuine.body[at].is_ascii_whitespace();
            let outcome = verify(&pki, need, &response);
            assert!(outcome.is_err() || means_nothing, "{need} byte {at}");
        }
    }
}

#[test]
fn a_cut_or_a_longer_body_is_refused() {
    let pki = pki();
    for need in all(&pki) {
        let genuine = published(&pki, need);
        for len in [0, 1, genuine.body.len() / 2, genuine.body.len() - 1] {
            let body = genuine.body[..len].to_vec();
            // The last byte of PEM is a line end.
            let whole = matches!(need, Need::AmdChain { .. }) && len == genuine.body.len() - 1;
            let response = Response { body, ..genuine.clone() };
            assert_eq!(verify(&pki, need, &response).is_ok(), whole, "{need} {len}");
        }
        let body = [genuine.body.as_slice(), b"\0"].concat();
        assert!(verify(&pki, need, &Response { body, ..genuine }).is_err(), "{need}");
    }
}

#[test]
fn the_issuer_chain_is_needed_and_has_to_read() {
    let pki = pki();
    let needs = all(&pki);
    for need in needs.iter().filter(|need| published(&pki, **need).issuer_chain.is_some()) {
        let genuine = published(&pki, *need);
        for chain in
            [None, Some("%zz".to_owned()), Some("%ff".to_owned()), Some("a".repeat(65_537))]
        {
            let response = Response { issuer_chain: chain, ..genuine.clone() };
            let error = verify(&pki, *need, &response).unwrap_err();
            assert_eq!(error.code().id, "publication.issuer_chain", "{need}");
        }
        let leaf_alone = genuine.issuer_chain.clone().unwrap();
        let end =
            leaf_alone.find("END%20CERTIFICATE-----").unwrap() + "END%20CERTIFICATE-----".len();
        let response = Response { issuer_chain: Some(leaf_alone[..end].to_owned()), ..genuine };
        assert!(verify(&pki, *need, &response).is_err(), "{need}");
    }
}

/// What a document was accepted for ends with it.
#[test]
fn the_last_second_is_inside_and_the_next_is_not() {
    let pki = pki();
    for need in all(&pki) {
        let response = published(&pki, need);
        let last = verify(&pki, need, &response).unwrap().valid_until();
        let authority = need.authority(&pki.anchors()).map(|authority| {
            let response = published(&pki, authority);
            Publication::verify(authority, &response, None, &pki.anchors(), NOW).unwrap()
        });
        let at =
            |now| Publication::verify(need, &response, authority.as_ref(), &pki.anchors(), now);
        assert!(at(last).is_ok(), "{need}");
        assert!(at(last.plus(core::time::Duration::from_secs(1))).is_err(), "{need}");
        assert!(at(ISSUED.minus(core::time::Duration::from_secs(1))).is_err(), "{need}");
    }
}

#[test]
fn without_the_authority_a_simulators_document_is_refused() {
    let pki = pki();
    for need in all(&pki).into_iter().filter(|need| need.authority(&pki.anchors()).is_some()) {
        let outcome = Publication::verify(need, &published(&pki, need), None, &pki.anchors(), NOW);
        assert!(outcome.is_err(), "{need}");
    }
}
