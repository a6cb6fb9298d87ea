//! Whatever is passed on in whatever order: a child never has more than its parent.

use std::collections::BTreeSet;

use cloister_channel::delegation::{DelegationId, Grant};
use proptest::prelude::*;

use super::{Scene, scopes};
use crate::world::{NOW, at};

const ALL: [&str; 5] = ["book", "cancel", "pay", "read", "write"];

/// What one agent wants to pass on: for what, and for how long.
fn step() -> impl Strategy<Value = (Option<Vec<&'static str>>, i64)> {
    let scope = proptest::option::of(proptest::sample::subsequence(ALL.to_vec(), 0..=ALL.len()));
    (scope, -10_i64..900)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_child_never_exceeds_its_parent(
        steps in proptest::collection::vec(step(), 1..=4),
        own in proptest::sample::subsequence(ALL.to_vec(), 0..=ALL.len()),
    ) {
        let scene = Scene::with_scopes(&own);
        let mut had: BTreeSet<String> = scopes(&own);
        let mut ends = scene.agents[0].lease().claims().expires_at;
        let mut parent = None;
        for (from, (scope, secs)) in steps.into_iter().enumerate() {
            let (audience, _) = scene.grant(from + 1, &[]);
            let wanted = scope.as_deref().map(scopes);
            let id = DelegationId::new([7; 16]);
            let grant =
                Grant { audience: &audience, scope: wanted.clone(), not_after: at(secs), id };
            let made = match &parent {
                None => grant.begin(&scene.agents[from]),
                Some(parent) => grant.extend(parent, &scene.agents[from]),
            };
            let fits = wanted.as_ref().is_none_or(|wanted| wanted.is_subset(&had));
            prop_assert_eq!(made.is_ok(), fits);
            let Ok(chain) = made else { return Ok(()) };
            let read = scene.read(&chain, from, from + 1);
            ends = ends.min(at(secs));
            prop_assert_eq!(read.is_ok(), ends > NOW);
            let Ok(read) = read else { return Ok(()) };
            let now: BTreeSet<String> = read.scope().map(str::to_owned).collect();
            prop_assert!(now.is_subset(&had));
            prop_assert_eq!(&now, &wanted.unwrap_or_else(|| had.clone()));
            prop_assert!(read.not_after() <= ends);
            prop_assert_eq!(read.issuers().count(), from + 1);
            had = now;
            parent = Some(read);
        }
    }

    #[test]
    fn nothing_that_is_not_a_chain_is_believed(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let scene = Scene::new();
        prop_assert!(scene.read(&bytes, 0, 1).is_err());
    }
}
