//! What a runtime said, against what is trusted and what the connection itself shows.

use cloister_attestation::binding::{self, Binding};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::check::{Check, State};
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::envelope::Envelope;
use cloister_attestation::evidence::{Evidence, Route, Tee};
use cloister_attestation::manifest::Manifest;
use cloister_attestation::policy::{AnchorPolicy, Expect};
use cloister_attestation::snp;
use cloister_attestation::tdx::Collateral;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::Endorsements;
use cloister_channel::lease::{self, LeaseClaims};
use cloister_channel::svid::verify_chain;
use cloister_channel::{AgentName, InstanceId, Svid, TrustBundle, VerifiedLease};

use super::trust::Trust;
use super::{Seen, codes};
use crate::evidence::Demands;
use crate::evidence::stages::{Companions, Unreadable, judged};
use crate::evidence::verdict::Verdict;

/// What a runtime's answer is judged by.
pub(super) struct Judge<'a> {
    pub(super) trust: &'a Trust,
    pub(super) demands: &'a Demands,
    /// Adds what can be had to the endorsements of Evidence.
    pub(super) complete: &'a dyn Fn(&Evidence, Endorsements) -> Endorsements,
}

impl Judge<'_> {
    /// Judges everything. The claims are those of a lease that verified.
    pub(super) fn judge(&self, seen: &Seen, agent: &AgentName) -> (Verdict, Option<LeaseClaims>) {
        let simulated = self.demands.policy.anchors != AnchorPolicy::Vendor;
        let open = Verdict::open(None, simulated);
        let mut checks = vec![certificates(seen)];
        let svid = match presented(seen) {
            Ok(svid) => svid,
            Err(failed) => return (open.after(with(checks, failed)), None),
        };
        let at = self.demands.at;
        let (chain, lease) = (chain(seen, self.trust, at), lease(seen, &svid, self.trust, at));
        let vouched = chain.state == State::Pass || lease.verified.is_some();
        checks.push(chain);
        checks.extend(lease.checks);
        let parts = Presented { seen, svid: &svid, lease: lease.verified.as_ref() };
        let evidence = parts.evidence(self, open);
        checks.extend(evidence.checks);
        let vouched = vouched || evidence.image_matched;
        checks.push(named(agent, &svid, evidence.manifest.as_ref(), vouched));
        let verdict = settled(evidence.verdict.after(checks));
        (verdict, lease.verified.map(|lease| lease.claims().clone()))
    }
}

fn with(mut checks: Vec<Check>, last: Check) -> Vec<Check> {
    checks.push(last);
    checks
}

/// An agent that nobody vouches for is no conclusion.
fn settled(verdict: Verdict) -> Verdict {
    let open =
        |check: &Check| check.code.id == codes::AGENT.id && check.state == State::NotAsserted;
    if verdict.checks.iter().any(open) {
        verdict.lacking(
            "somebody who vouches for the agent's name: --trust, --verifier, or --reference",
        )
    } else {
        verdict
    }
}

fn certificates(seen: &Seen) -> Check {
    let digest = |chain: &[&[u8]]| Digest48::sha384(&chain.concat());
    let shown: Vec<&[u8]> = seen.certificates.iter().map(AsRef::as_ref).collect();
    let told: Vec<&[u8]> = seen.document.certificates.iter().map(Vec::as_slice).collect();
    Check::decided(&codes::CERTIFICATES, shown == told, digest(&shown), digest(&told))
}

fn presented(seen: &Seen) -> Result<Svid, Check> {
    let leaf = seen.certificates.first().map(AsRef::as_ref).unwrap_or_default();
    Svid::parse(leaf).map_err(|error| refused(&error, "an SVID of an agent"))
}

fn refused(error: &dyn Diagnostic, expected: &str) -> Check {
    Check::decided(error.code(), false, expected, crate::answer::chain(error))
}

fn chain(seen: &Seen, trust: &Trust, now: UnixTime) -> Check {
    let Some(issuers) = trust.issuers() else {
        return Check::not_asserted(&codes::CHAIN, "nobody says who the issuers are");
    };
    match verify_chain(issuers, &seen.certificates, now) {
        Ok(svid) => Check::decided(&codes::CHAIN, true, "a chain to a trusted issuer", svid.id()),
        Err(error) => refused(&error, "a chain to a trusted issuer"),
    }
}

/// What came of the lease.
struct Lease {
    checks: Vec<Check>,
    verified: Option<VerifiedLease>,
}

fn lease(seen: &Seen, svid: &Svid, trust: &Trust, now: UnixTime) -> Lease {
    let Some(bundle) = trust.bundle(&svid.id().trust_domain) else { return unsigned(seen, svid) };
    match verified(seen, svid, &bundle, now) {
        Ok(lease) => Lease {
            checks: vec![
                Check::decided(&codes::LEASE, true, "a live lease for this key", lease.claims().id),
                revocation(trust, &bundle),
            ],
            verified: Some(lease),
        },
        Err(failed) => Lease { checks: vec![failed], verified: None },
    }
}

fn verified(
    seen: &Seen,
    svid: &Svid,
    bundle: &TrustBundle,
    now: UnixTime,
) -> Result<VerifiedLease, Check> {
    same_lease(seen, svid)?;
    let expected = "a live lease for this key";
    let lease = lease::verify(&seen.document.lease, bundle, now)
        .map_err(|error| refused(&error, expected))?;
    svid.check(&lease).map_err(|error| refused(&error, expected))?;
    let Some(jwt) = &seen.document.lease_jwt else { return Ok(lease) };
    let other = lease::verify(jwt.as_bytes(), bundle, now)
        .map_err(|error| refused(&error, "the same lease as a JWT"))?;
    if other.claims() == lease.claims() {
        Ok(lease)
    } else {
        let (expected, observed) = (lease.claims().id, other.claims().id);
        Err(Check::decided(&codes::LEASE, false, expected, format!("{observed} as a JWT")))
    }
}

/// The lease in the certificate is the one that the issuer vouches for.
fn same_lease(seen: &Seen, svid: &Svid) -> Result<(), Check> {
    let (expected, observed) =
        (Digest48::sha384(svid.lease()), Digest48::sha384(&seen.document.lease));
    let check = Check::equal(&codes::LEASE, expected, observed);
    if check.failed() { Err(check) } else { Ok(()) }
}

fn unsigned(seen: &Seen, svid: &Svid) -> Lease {
    let checks = match same_lease(seen, svid) {
        Err(failed) => vec![failed],
        Ok(()) => vec![
            Check::not_asserted(&codes::LEASE, "no key that signs leases is at hand"),
            no_list(),
        ],
    };
    Lease { checks, verified: None }
}

fn no_list() -> Check {
    Check::not_asserted(&codes::REVOCATION, "no list of revocations is at hand")
}

/// A revoked lease has not verified. Whether the list is of now is another question.
fn revocation(trust: &Trust, bundle: &TrustBundle) -> Check {
    let sequence = format!("not revoked as of event {}", bundle.sequence());
    match trust {
        Trust::Asked(_) => Check::decided(&codes::REVOCATION, true, "not revoked", sequence),
        Trust::Written(_) => {
            Check::not_asserted(&codes::REVOCATION, format!("{sequence}, as a file says"))
        }
        Trust::Nobody | Trust::Issuers(_) => no_list(),
    }
}

/// The certificate and manifest name the agent; somebody stands behind it if `vouched`.
fn named(agent: &AgentName, svid: &Svid, manifest: Option<&Manifest>, vouched: bool) -> Check {
    let names = [Some(svid.id().agent.as_str()), manifest.map(|it| it.agent.as_str())];
    let other = names.into_iter().flatten().find(|name| *name != agent.as_str());
    match other {
        Some(other) => Check::decided(&codes::AGENT, false, agent, other),
        None if vouched => Check::decided(&codes::AGENT, true, agent, agent),
        None => Check::not_asserted(&codes::AGENT, format!("{agent}, as it says itself")),
    }
}

/// What the runtime presented on the connection.
struct Presented<'a> {
    seen: &'a Seen,
    svid: &'a Svid,
    lease: Option<&'a VerifiedLease>,
}

/// What came of the Evidence.
struct Judged {
    checks: Vec<Check>,
    verdict: Verdict,
    manifest: Option<Manifest>,
    image_matched: bool,
}

impl Presented<'_> {
    fn evidence(&self, judge: &Judge<'_>, open: Verdict) -> Judged {
        let none =
            |verdict| Judged { checks: Vec::new(), verdict, manifest: None, image_matched: false };
        let Some(bytes) = &self.seen.document.evidence else {
            return none(open.lacking("Evidence: the runtime gave none"));
        };
        let envelope = match Envelope::decode(bytes) {
            Ok(envelope) => envelope,
            Err(error) => return none(open.unparsed(error.code(), error)),
        };
        let binding = match Binding::decode(&envelope.binding) {
            Ok(binding) => binding,
            Err(error) => return none(open.unparsed(error.code(), error)),
        };
        let manifest = match Manifest::decode(&envelope.manifest) {
            Ok(manifest) => manifest,
            Err(error) => return none(open.unparsed(error.code(), error)),
        };
        let verdict = judge.hardware(&envelope, open);
        Judged {
            checks: self.bound(&binding, &envelope),
            image_matched: verdict.result.as_ref().is_some_and(|it| it.reference().is_some()),
            verdict,
            manifest: Some(manifest),
        }
    }

    /// Whether the binding is about this nonce, these keys, this manifest and this connection.
    /// That the hardware signed the binding is a check of the appraisal.
    fn bound(&self, binding: &Binding, envelope: &Envelope) -> Vec<Check> {
        let instance = InstanceId::of(&binding.identity_key);
        let mut checks = vec![
            Check::equal(&binding::NONCE, self.seen.nonce, binding.nonce),
            Check::equal(&binding::KEY, *self.svid.key().thumbprint(), binding.channel_key),
            Check::equal(&codes::INSTANCE, self.svid.id().instance, instance),
            Check::equal(
                &binding::MANIFEST,
                Manifest::digest(&envelope.manifest),
                binding.manifest,
            ),
            self.of_this_connection(binding),
        ];
        if let Some(lease) = self.lease {
            let confirmed = lease.claims().identity_key;
            checks.push(Check::equal(&binding::KEY, confirmed, binding.identity_key));
        }
        checks
    }

    fn of_this_connection(&self, binding: &Binding) -> Check {
        let ok = binding.is_for(Some(&self.seen.exporter));
        let observed = binding.exporter.map_or_else(|| "no connection".to_owned(), hex::encode);
        Check::decided(&codes::CONNECTION, ok, hex::encode(self.seen.exporter), observed)
    }
}

impl Judge<'_> {
    /// Verifies and appraises what the hardware signed.
    fn hardware(&self, envelope: &Envelope, mut open: Verdict) -> Verdict {
        let report_data = Expect::Exactly(Binding::report_data(&envelope.binding));
        let demands = Demands { report_data, ..self.demands.clone() };
        open.tee = Some(envelope.tee);
        let evidence = match Evidence::from_envelope(envelope) {
            Ok(evidence) => evidence,
            Err(error) => return open.unparsed(error.code(), error),
        };
        if matches!(evidence, Evidence::Azure(_)) {
            open.route = Route::AzureVtpm;
        }
        let with = Companions {
            endorsements: endorsements(envelope).map(|given| (self.complete)(&evidence, given)),
            event_log: envelope.event_log.as_deref(),
            manifest: Some(Manifest::digest(&envelope.manifest)),
        };
        judged(evidence, with, &demands, open)
    }
}

/// What the runtime's host gave it to endorse its Evidence with.
fn endorsements(envelope: &Envelope) -> Result<Endorsements, Unreadable> {
    match (envelope.tee, &envelope.certificates) {
        (Tee::Snp, Some(table)) => snp::Endorsements::from_certificate_table(table)
            .map(Endorsements::Snp)
            .map_err(|error| -> Unreadable { Box::new(error) }),
        (Tee::Snp, None) => Ok(Endorsements::Snp(snp::Endorsements::none())),
        // A quote carries its own certificates; collateral is not the host's to give.
        (_, _) => Ok(Endorsements::Tdx(Collateral::none())),
    }
}

/// A code of these checks that is about the connection and not about the hardware.
pub(super) fn is_about_connection(code: &Code) -> bool {
    let of_binding = [binding::NONCE.id, binding::KEY.id, binding::MANIFEST.id];
    codes::CODES.iter().any(|own| own.id == code.id) || of_binding.contains(&code.id)
}
