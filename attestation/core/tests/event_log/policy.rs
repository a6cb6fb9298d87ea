//! What a policy demands of a log, in the appraisal of a quote.

use cloister_attestation::check::State;
use cloister_attestation::event_log::{EventLogDemand, Presence};
use cloister_attestation::policy::Expect;
use cloister_attestation::tdx::TdxPolicy;

use super::replay::log;
use crate::tdx::guest::{NOW, guest, outcome};

fn policy(presence: Presence, repeated_separators: Expect<bool>) -> TdxPolicy {
    let event_log = EventLogDemand { presence, repeated_separators };
    TdxPolicy { event_log, ..TdxPolicy::strict() }
}

/// How the checks of event logs ended that did not pass.
fn open(policy: &TdxPolicy, sent: Option<&[u8]>) -> Vec<(&'static str, State)> {
    let quote = outcome(&guest().with_event_log(log())).unwrap();
    let quote = cloister_attestation::verify::VerifiedEvidence::Tdx(quote);
    let quote = match sent {
        Some(log) => quote.with_event_log(log),
        None => quote,
    };
    let cloister_attestation::verify::VerifiedEvidence::Tdx(quote) = quote else { panic!() };
    let checks = policy.appraise(&quote, NOW);
    let about_logs = checks.iter().filter(|check| check.code.id.starts_with("eventlog."));
    let open = about_logs.filter(|check| check.state != State::Pass);
    open.map(|check| (check.code.id, check.state)).collect()
}

#[test]
fn absence_is_refused_where_a_log_is_required_and_shows_where_it_is_not() {
    let required = policy(Presence::Required, Expect::Any);
    assert_eq!(open(&required, None), [("eventlog.absent", State::Fail)]);
    let optional = policy(Presence::Optional, Expect::Any);
    assert_eq!(open(&optional, None), [("eventlog.absent", State::NotAsserted)]);
    assert_eq!(TdxPolicy::strict().event_log.presence, Presence::Optional);
}

#[test]
fn a_log_that_does_not_replay_fails_under_every_policy() {
    let mut other = log();
    other.events.pop();
    for presence in [Presence::Required, Presence::Optional] {
        let failed = open(&policy(presence, Expect::Any), Some(&other.encode()));
        assert!(failed.contains(&("eventlog.replay", State::Fail)), "{failed:?}");
    }
}

#[test]
fn repeated_separators_are_as_the_policy_says() {
    let repeated = log().measuring(1, 4, &[0; 4]);
    let quote = outcome(&guest().with_event_log(repeated.clone())).unwrap();
    let verified = cloister_attestation::verify::VerifiedEvidence::Tdx(quote);
    let cloister_attestation::verify::VerifiedEvidence::Tdx(quote) =
        verified.with_event_log(&repeated.encode())
    else {
        panic!()
    };
    let state = |demand| {
        let checks = policy(Presence::Optional, demand).appraise(&quote, NOW);
        checks.iter().find(|check| check.code.id == "eventlog.separators").unwrap().state
    };
    assert_eq!(state(Expect::Exactly(false)), State::Fail);
    assert_eq!(state(Expect::Exactly(true)), State::Pass);
    assert_eq!(state(Expect::Any), State::NotAsserted);
    assert_eq!(TdxPolicy::strict().event_log.repeated_separators, Expect::Exactly(false));
}
