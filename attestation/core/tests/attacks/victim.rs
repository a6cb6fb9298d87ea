//! An agent that a Verifier admits, and what becomes of Evidence that is almost its own.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::code::Diagnostic;
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::manifest::{Manifest, PolicyDigest, PolicySource, WorkloadDigest};
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::reference::{LaunchShape, ReferenceSet, ReferenceTuple};
use cloister_attestation::result::AttestationResult;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, verify};
use cloister_simulator::{Pki, SnpGuest, TdxGuest};

pub(super) use crate::snp::guest::{ISSUED, NOW};
use crate::snp::guest::{milan, pki};

/// The image's measurements: `MEASUREMENT`, or `MRTD` and the four registers.
pub(super) fn digest(of: &str) -> Digest48 {
    Digest48::sha384(of.as_bytes())
}

pub(super) fn manifest() -> Manifest {
    Manifest {
        agent: "translator".into(),
        workload: WorkloadDigest(digest("workload")),
        policy: PolicyDigest(digest("policy")),
        principal: "example.org".into(),
        scope: vec!["translate".into()],
        region_claim: None,
        policy_source: PolicySource::Image,
    }
}

/// What the victim binds into its Evidence.
pub(super) fn binding() -> Binding {
    Binding {
        identity_key: digest("identity key"),
        channel_key: digest("channel key"),
        nonce: Nonce::new([7; 32]),
        manifest: Manifest::digest(&manifest().encode().unwrap()),
        audit_head: None,
        exporter: None,
    }
}

/// What an attacker may change, and what the Verifier goes by.
pub(super) struct Attempt {
    pub(super) tee: Tee,
    pub(super) evidence: Vec<u8>,
    pub(super) endorsements: Endorsements,
    /// Bound bytes as received.
    pub(super) binding: Vec<u8>,
    /// Manifest bytes as received.
    pub(super) manifest: Vec<u8>,
    pub(super) admitted: ReferenceSet,
    pub(super) policy: Policy,
    pub(super) anchors: Anchors,
    pub(super) now: UnixTime,
}

/// The victim on SEV-SNP.
pub(super) fn snp_guest() -> SnpGuest {
    milan().with_measurement(digest("image"))
}

/// The victim on TDX.
pub(super) fn tdx_guest() -> TdxGuest {
    TdxGuest::new(pki()).with_measurements(digest("firmware"), registers())
}

pub(super) fn registers() -> [Digest48; 4] {
    ["configuration", "kernel", "command line", "runtime"].map(digest)
}

pub(super) fn snp(guest: &SnpGuest) -> Attempt {
    let binding = binding().encode();
    let evidence = guest.report(&Binding::report_data(&binding));
    let shape = LaunchShape::Snp {
        measurement: digest("image"),
        host_data: cloister_attestation::bytes::HostData::new([0; 32]),
    };
    attempt(Tee::Snp, evidence, Endorsements::Snp(guest.endorsements()), shape)
}

pub(super) fn tdx(guest: &TdxGuest) -> Attempt {
    let binding = binding().encode();
    let evidence = guest.quote(&Binding::report_data(&binding));
    let zero = Digest48::new([0; 48]);
    let shape = LaunchShape::Tdx {
        mr_td: digest("firmware"),
        rtmr: registers(),
        mr_config_id: zero,
        mr_owner: zero,
        mr_owner_config: zero,
    };
    attempt(Tee::Tdx, evidence, Endorsements::Tdx(guest.collateral()), shape)
}

fn attempt(tee: Tee, evidence: Vec<u8>, endorsements: Endorsements, shape: LaunchShape) -> Attempt {
    let manifest = manifest().encode().unwrap();
    let tuple = tuple("translator", shape);
    Attempt {
        tee,
        evidence,
        endorsements,
        binding: binding().encode(),
        manifest,
        admitted: [tuple].into_iter().collect(),
        policy: Policy::strict_for_simulator(pki().anchor().fingerprint()),
        anchors: pki().anchors(),
        now: NOW,
    }
}

/// An admitted image with the victim's manifest.
pub(super) fn tuple(image: &str, shape: LaunchShape) -> ReferenceTuple {
    let manifest = Manifest::digest(&manifest().encode().unwrap());
    ReferenceTuple { image: image.into(), version: "1".into(), manifest, shape }
}

impl Attempt {
    /// What a Verifier does with it: the result, or the code at which it stops earlier. The
    /// challenge that it sent and the keys that are presented are the victim's.
    pub(super) fn judged(self) -> Result<AttestationResult, &'static str> {
        let bound = Binding::decode(&self.binding).map_err(|error| error.code().id)?;
        if bound.nonce != binding().nonce {
            return Err("binding.nonce");
        }
        if bound.identity_key != binding().identity_key
            || bound.channel_key != binding().channel_key
        {
            return Err("binding.key");
        }
        let manifest = Manifest::digest(&self.manifest);
        if bound.manifest != manifest {
            return Err("binding.manifest");
        }
        let evidence =
            Evidence::parse(self.tee, &self.evidence).map_err(|error| error.code().id)?;
        let verified = verify(evidence, &self.endorsements, &self.anchors, self.now)
            .map_err(|error| error.code().id)?;
        let expected = Expected {
            report_data: Expect::Exactly(Binding::report_data(&self.binding)),
            image: Some((&self.admitted, manifest)),
        };
        Ok(appraise(&verified, &expected, &self.policy, self.now))
    }

    /// Asserts that it is admitted.
    #[track_caller]
    pub(super) fn admitted(self) -> AttestationResult {
        let result = self.judged().unwrap();
        let failures: Vec<_> = result.failures().map(|check| check.code.id).collect();
        assert!(result.admits(), "{failures:?}");
        result
    }

    /// Asserts that it is not admitted, and that `code` is a reason.
    #[track_caller]
    pub(super) fn refused(self, code: &str) {
        match self.judged() {
            Ok(result) => {
                assert!(!result.admits());
                let failures: Vec<_> = result.failures().map(|check| check.code.id).collect();
                assert!(failures.contains(&code), "{failures:?}");
            }
            Err(at) => assert_eq!(at, code),
        }
    }
}

/// Another vendor hierarchy than the victim's.
pub(super) fn other_pki() -> Pki {
    Pki::from_seed("core/attacks", ISSUED)
}

#[test]
fn the_victim_itself_is_admitted() {
    snp(&snp_guest()).admitted();
    tdx(&tdx_guest()).admitted();
}
