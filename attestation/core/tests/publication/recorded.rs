//! Recorded certificates and collateral of real machines, in the form of the vendors' services.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::publication::{Need, PckCa, Publication, Response, TcbUpdate};
use cloister_attestation::snp::{self, Endorsements, Report, SigningKey};
use cloister_attestation::verify::VerifyError;
use serde_json::Value;

use crate::vectors::{self, Case};

const fn plain(body: Vec<u8>) -> Response {
    Response { body, issuer_chain: None }
}

fn verify(need: Need, response: &Response, case: &Case) -> Result<Publication, &'static str> {
    Publication::verify(need, response, None, &Anchors::vendor(), case.valid_at())
        .map_err(|error| error.code().id)
}

/// What verification of a case's report asks for, when it has nothing.
fn need(case: &Case) -> Option<Need> {
    let report = Report::parse(&case.file("report.bin")?).ok()?;
    let vendor = Anchors::vendor();
    match snp::verify(report, &Endorsements::none(), &vendor, case.valid_at()) {
        Err(VerifyError::Incomplete { missing, .. }) => missing.into_iter().find_map(|m| m.need),
        _ => None,
    }
}

fn snp_cases() -> Option<Vec<Case>> {
    let mut cases = vectors::cases("snp")?;
    cases.retain(|case| case.facts.expected == "accept" && case.facts.valid_at.is_some());
    Some(cases)
}

/// The report alone says which certificate to ask for, and AMD's answer is accepted as that one
/// and as no other.
#[test]
fn a_reports_own_words_name_the_certificate_that_amd_publishes_for_it() {
    let Some(cases) = snp_cases() else { return };
    let mut seen = 0;
    for case in &cases {
        let (Some(need), Some(vcek)) = (need(case), case.file("vcek.der")) else { continue };
        let Need::Vcek { product, hwid, tcb } = need else { panic!("{}: {need}", case.name) };
        let answer = plain(vcek);
        let publication = verify(need, &answer, case).unwrap();
        assert_eq!((*publication.need(), publication.issue()), (need, None), "{}", case.name);
        let other_tcb = snp::Tcb { microcode: tcb.microcode ^ 1, ..tcb };
        let other = Need::Vcek { product, hwid, tcb: other_tcb };
        assert_eq!(verify(other, &answer, case), Err("publication.other"), "{}", case.name);
        seen += 1;
    }
    assert!(seen >= 5, "{seen} cases with a CPUID and a VCEK");
}

#[test]
fn amds_chains_are_accepted_for_their_own_product_and_for_no_other() {
    let Some(cases) = snp_cases() else { return };
    let mut seen = 0;
    for case in &cases {
        let Some(Need::Vcek { product, .. }) = need(case) else { continue };
        let (Some(ask), Some(ark)) = (case.file("ask.pem"), case.file("ark.pem")) else { continue };
        let answer = plain([ask, ark].concat());
        for asked in snp::Product::ALL {
            let key = SigningKey::Vcek;
            let outcome = verify(Need::AmdChain { product: asked, key }, &answer, case);
            assert_eq!(outcome.is_ok(), asked == product, "{} {asked}", case.name);
        }
        let vlek = Need::AmdChain { product, key: SigningKey::Vlek };
        assert_eq!(verify(vlek, &answer, case), Err("publication.other"), "{}", case.name);
        seen += 1;
    }
    assert!(seen > 0);
}

/// The answers of Intel's service that a case's collateral was made of.
struct Answers {
    tcb_info: Response,
    qe_identity: Response,
    pck_crl: Response,
    root_crl: Response,
    document: Value,
}

impl Answers {
    fn of(case: &Case) -> Option<Self> {
        let json: Value = serde_json::from_slice(&case.file("collateral.json")?).unwrap();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        let crl = |name: &str| hex::decode(text(name)).unwrap();
        let signed = |member: &str, name: &str| {
            let (body, signature) = (text(name), text(&format!("{name}_signature")));
            let body = format!("{{\"{member}\":{body},\"signature\":\"{signature}\"}}");
            let chain = text(&format!("{name}_issuer_chain")).replace('\n', "%0A");
            Response { body: body.into_bytes(), issuer_chain: Some(chain) }
        };
        let chain = text("pck_crl_issuer_chain").replace('\n', "%0A").replace(' ', "%20");
        Some(Self {
            tcb_info: signed("tcbInfo", "tcb_info"),
            qe_identity: signed("enclaveIdentity", "qe_identity"),
            pck_crl: Response { body: crl("pck_crl"), issuer_chain: Some(chain) },
            root_crl: plain(crl("root_ca_crl")),
            document: serde_json::from_str(&text("tcb_info")).unwrap(),
        })
    }

    fn tcb_info_need(&self) -> Need {
        let fmspc = self.document["fmspc"].as_str().unwrap().to_lowercase().parse().unwrap();
        Need::TdxTcbInfo { fmspc, update: TcbUpdate::Standard }
    }
}

#[test]
fn intels_recorded_answers_are_accepted_as_what_was_asked_for_and_as_nothing_else() {
    let Some(cases) = vectors::cases("tdx") else { return };
    let mut seen = 0;
    for case in cases.iter().filter(|case| case.facts.expected == "accept") {
        if case.facts.valid_at.is_none() || case.name.contains("synthetic") {
            continue;
        }
        let Some(answers) = Answers::of(case) else { continue };
        let identity = Need::TdQeIdentity { update: TcbUpdate::Standard };
        let platform = Need::PckCrl { ca: PckCa::Platform };
        for (need, answer) in [
            (answers.tcb_info_need(), &answers.tcb_info),
            (identity, &answers.qe_identity),
            (platform, &answers.pck_crl),
            (Need::IntelRootCrl, &answers.root_crl),
        ] {
            let publication = verify(need, answer, case);
            let publication =
                publication.unwrap_or_else(|code| panic!("{} {need}: {code}", case.name));
            let issue = publication.issue().unwrap();
            assert!(issue.issued_at <= case.valid_at() && issue.number.is_some(), "{need} {issue}");
        }
        let fmspc = cloister_attestation::bytes::Fmspc::new([0; 6]);
        let other = Need::TdxTcbInfo { fmspc, update: TcbUpdate::Standard };
        assert_eq!(verify(other, &answers.tcb_info, case), Err("publication.other"));
        let processor = Need::PckCrl { ca: PckCa::Processor };
        assert_eq!(verify(processor, &answers.pck_crl, case), Err("publication.other"));
        let crossed = verify(Need::IntelRootCrl, &answers.pck_crl, case);
        assert_eq!(crossed, Err("x509.issuer"), "the CRL of another issuer");
        seen += 1;
    }
    assert!(seen >= 5, "{seen} cases with collateral");
}
