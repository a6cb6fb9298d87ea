//! `cloister bundle create`.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bundle::Draft;
use cloister_attestation::policy::Policy;
use cloister_attestation::publication::TcbUpdate;
use cloister_attestation::reference::ReferenceValues;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::Missing;

use super::error::CommandError;
use super::fetch::Online;
use super::keygen;
use super::listing::Listing;
use super::sources::{Folder, folder_of_endorsements};
use crate::answer::{Answer, Exit, chain};
use crate::arguments::CreateArguments;
use crate::clock;
use crate::evidence::DemandsError;
use crate::evidence::demands;
use crate::file;

/// What the contents are verified with, and as of when.
struct Terms {
    anchors: Anchors,
    at: UnixTime,
}

pub(super) fn run(arguments: &CreateArguments) -> Result<Answer, CommandError> {
    let key = keygen::read(&arguments.key)?;
    let (terms, policy) = terms(arguments)?;
    let mut draft = Draft::new(policy);
    for path in &arguments.reference {
        let values = ReferenceValues::from_json(&file::read(path)?).map_err(DemandsError::from)?;
        draft.add_reference(&values)?;
    }
    for path in &arguments.endorsements {
        for endorsements in folder_of_endorsements(path)? {
            draft.add(&endorsements)?;
        }
    }
    let (machines, unfetched) = machines(arguments, &terms, &mut draft)?;
    let bundle = draft.finish(terms.at)?;
    let mut listing = Listing::of(&bundle, &terms.anchors, terms.at, None);
    listing.add_missing(unfetched);
    for machine in &machines {
        let outcome = bundle.verify(&machine.evidence, &terms.anchors, terms.at);
        listing.add_machine(&machine.name, outcome.map(drop));
    }
    if listing.exit() != Exit::Acceptable {
        return Ok(listing.answer("no bundle is made"));
    }
    let signed = bundle.sign(&key)?;
    file::replace(&arguments.out, &signed)
        .map_err(|source| CommandError::Write { path: arguments.out.clone(), source })?;
    Ok(listing.answer(&format!("wrote {}", arguments.out.display())))
}

fn terms(arguments: &CreateArguments) -> Result<(Terms, Policy), DemandsError> {
    let at = arguments.at.as_deref().map_or_else(|| Ok(clock::now()), demands::time)?;
    let (anchors, built_in) = match &arguments.simulator_anchor {
        Some(path) => {
            let anchor = demands::anchor(path)?;
            let policy = Policy::strict_for_simulator(anchor.fingerprint());
            (Anchors::dangerous_simulator(anchor), policy)
        }
        None => (Anchors::vendor(), Policy::strict()),
    };
    let policy = arguments.policy.as_deref().map_or(Ok(built_in), demands::policy)?;
    Ok((Terms { anchors, at }, policy))
}

/// Reads every folder, and completes what it lacks if it may be fetched. What was asked for and
/// could not be had is missing, a CRL included: the one who said `--fetch` expects it.
fn machines(
    arguments: &CreateArguments,
    terms: &Terms,
    draft: &mut Draft,
) -> Result<(Vec<Folder>, Vec<Missing>), CommandError> {
    let online = Online::new(&arguments.fetch, TcbUpdate::Standard, &terms.anchors)?;
    let (mut machines, mut unfetched) = (Vec::new(), Vec::new());
    for path in &arguments.evidence {
        let mut machine = Folder::read(path)?;
        if let Some(online) = &online {
            let given = machine.endorsements.clone().without_stale(terms.at);
            let completion = online.complete(&machine.evidence, given, terms.at);
            machine.endorsements = completion.endorsements;
            let failed = completion.failures.iter();
            unfetched.extend(
                failed.map(|failure| Missing::unaddressed(chain(&failure.error), String::new())),
            );
        }
        draft.add(&machine.endorsements)?;
        machines.push(machine);
    }
    Ok((machines, unfetched))
}
