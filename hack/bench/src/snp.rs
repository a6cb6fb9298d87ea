//! SEV-SNP: reports verified warm and cold, bare and by another crate.

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, RSA_PSS_2048_8192_SHA384};
use cloister_attestation::anchor::{Anchors, SimulatorAnchor};
use cloister_attestation::bytes::ReportData;
use cloister_attestation::revocation::Revocation;
use cloister_attestation::snp::{
    self, Endorsements, Product, Report, VerifiedChain, verify_chain, verify_report,
};
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::Certificate;
use cloister_simulator::{Pki, SnpGuest};
use der::asn1::BitStringRef;
use der::{Reader as _, SliceReader};
use sev::certs::snp::{Certificate as SevCertificate, Chain as SevChain, Verifiable as _, ca};
use sev::firmware::guest::AttestationReport;
use sev::parser::ByteParser as _;

use crate::recorded::Case;
use crate::signature::{Signature, verify_all};
use crate::timing::{Measured, pairs};

/// When the simulator issues its certificates, and a day later.
const ISSUED: UnixTime = UnixTime::from_secs(1_790_000_000);
const NOW: UnixTime = UnixTime::from_secs(1_790_086_400);

/// A report of today's layout with a complete chain.
const RECORDED: &str = "snp/milan-v3-ms-teeav";

/// One report and all that it is verified with.
pub(crate) struct Input {
    name: String,
    report: Vec<u8>,
    with: Endorsements,
    anchors: Anchors,
    pub(crate) now: UnixTime,
}

impl Input {
    /// A recorded report where it is at hand, else the simulator's.
    fn best() -> Result<Self> {
        Case::find(RECORDED).map_or_else(Self::simulated, |case| Self::recorded(&case))
    }

    /// With a CRL, which no recorded case has.
    pub(crate) fn simulated() -> Result<Self> {
        let guest = SnpGuest::new(&Pki::from_seed("cloister-bench", ISSUED), Product::Milan);
        let with = guest.endorsements();
        let root = Certificate::parse(with.root.as_deref().context("the simulator has a root")?)?;
        Ok(Self {
            name: "simulator, Milan".to_owned(),
            report: guest.report(&ReportData::new([0x5a; 64])),
            with,
            anchors: only(root.key_pin()),
            now: NOW,
        })
    }

    fn recorded(case: &Case) -> Result<Self> {
        Ok(Self {
            name: case.name.clone(),
            report: case.file("report.bin")?,
            with: Endorsements {
                vek: Some(case.file("vcek.der")?),
                intermediate: Some(case.certificate("ask.pem")?),
                root: Some(case.certificate("ark.pem")?),
                crl: None,
            },
            anchors: Anchors::vendor(),
            now: case.valid_at()?,
        })
    }

    pub(crate) fn chain(&self) -> Result<VerifiedChain> {
        Ok(verify_chain(&self.with, &self.anchors, self.now)?)
    }

    /// From received bytes to a verified report, as a service does it for each of them.
    pub(crate) fn verify(&self, chain: &VerifiedChain) -> Result<snp::VerifiedReport> {
        Ok(verify_report(Report::parse(&self.report)?, chain, self.now)?)
    }

    /// The signature of the report, bare.
    fn bare(&self) -> Result<Signature> {
        let key = Certificate::parse(self.vek()?)?;
        let (message, field) = self.report.split_at(Report::SIGNED.end);
        // SPEC: AMD 56860 table 139: R and S, 72 bytes each, little-endian.
        let big_endian = |range| field.get(range).map(|part: &[u8]| part.iter().rev().copied());
        let (r, s) = big_endian(0..48).zip(big_endian(72..120)).context("a short signature")?;
        let value: Vec<u8> = r.chain(s).collect();
        Signature::new(&ECDSA_P384_SHA384_FIXED, key.key(), message, &value)
    }

    fn vek(&self) -> Result<&[u8]> {
        self.with.vek.as_deref().context("a key certificate")
    }

    /// Every signature of chain, CRL and report, bare: root and intermediate and CRL by the root,
    /// the key certificate by the intermediate, the report by the key.
    fn bare_chain(&self) -> Result<Vec<Signature>> {
        let part = |part: &'static str, der: &Option<Vec<u8>>| der.clone().context(part);
        let root = part("root", &self.with.root)?;
        let intermediate = part("intermediate", &self.with.intermediate)?;
        let crl = part("CRL", &self.with.crl)?;
        Ok(vec![
            by(&root, &root)?,
            by(&root, &intermediate)?,
            by(&root, &crl)?,
            by(&intermediate, self.vek()?)?,
            self.bare()?,
        ])
    }

    fn sev_chain(&self) -> Result<SevChain> {
        let parse = |der: Option<&[u8]>| {
            Ok::<_, anyhow::Error>(SevCertificate::from_der(der.context("a certificate")?)?)
        };
        let (ark, ask) =
            (parse(self.with.root.as_deref())?, parse(self.with.intermediate.as_deref())?);
        Ok(SevChain { ca: ca::Chain { ark, ask }, vek: parse(self.with.vek.as_deref())? })
    }
}

/// Anchors of which one root counts.
pub(crate) const fn only(root: cloister_attestation::anchor::KeyPin) -> Anchors {
    let anchor = SimulatorAnchor { milan: root, genoa: root, turin: root, intel: root };
    Anchors::dangerous_simulator(anchor)
}

/// The RSA-PSS signature on a certificate or CRL by the key of the certificate `issuer`.
fn by(issuer: &[u8], signed: &[u8]) -> Result<Signature> {
    let key = Certificate::parse(issuer)?;
    let mut reader = SliceReader::new(signed)?;
    let (message, value) = reader.sequence(|reader| {
        let message = reader.tlv_bytes()?;
        reader.tlv_bytes()?;
        Ok::<_, der::Error>((message, reader.decode::<BitStringRef<'_>>()?.raw_bytes()))
    })?;
    Signature::new(&RSA_PSS_2048_8192_SHA384, key.key(), message, value)
}

/// One report against a chain verified before, over one bare verification.
pub(crate) fn warm() -> Result<Measured> {
    let input = Input::best()?;
    let (chain, bare) = (input.chain()?, input.bare()?);
    pairs(input.name.clone(), || input.verify(&chain).map(drop), || bare.verify())
}

/// Chain, CRL and report, over their five signatures.
pub(crate) fn cold() -> Result<Measured> {
    let input = Input::simulated()?;
    let bare = input.bare_chain()?;
    let own = || {
        let report = Report::parse(&input.report)?;
        let verified = snp::verify(report, &input.with, &input.anchors, input.now)?;
        let checked = verified.revocation() == Revocation::Checked;
        checked.then_some(()).ok_or_else(|| anyhow!("revocation was not checked"))
    };
    pairs(input.name.clone(), own, || verify_all(&bare))
}

/// As [`warm`], over the `sev` crate with a chain that it parsed before.
pub(crate) fn sev_crate() -> Result<Measured> {
    let input = Input::best()?;
    let (chain, theirs) = (input.chain()?, input.sev_chain()?);
    let reference = || {
        let report = AttestationReport::from_bytes(&input.report)?;
        (&theirs, &report).verify().context("the sev crate refuses the report")
    };
    pairs(input.name.clone(), || input.verify(&chain).map(drop), reference)
}
