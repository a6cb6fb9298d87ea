//! Proofs over a log, each held against the log's own root before it is told.

use cloister_audit::{AuditError, ConsistencyProof, Hash, InclusionProof, Range};
use serde::Serialize;
use serde_json::json;

use super::error::AuditCommandError;
use super::log::Log;
use crate::answer::{Answer, Exit};
use crate::arguments::AuditProveArguments;

pub(super) fn answer(arguments: &AuditProveArguments) -> Result<Answer, AuditCommandError> {
    let log = Log::read(&arguments.log)?;
    let leaves = log.whole()?;
    match (arguments.record, arguments.from) {
        (Some(record), _) => inclusion(&log, leaves, record),
        (None, from) => consistency(&log, leaves, from.unwrap_or_default()),
    }
}

fn inclusion(log: &Log, leaves: &[Hash], record: u64) -> Result<Answer, AuditCommandError> {
    let proof = InclusionProof::new(leaves, record).ok_or_else(|| log.no_record())?;
    let at = usize::try_from(record).unwrap_or(usize::MAX);
    let leaf = *leaves.get(at).ok_or_else(|| log.no_record())?;
    let root = log.progress.root;
    if proof.root(leaf)? != root {
        return Err(AuditError::Proof.into());
    }
    let what = format!("record {record} is in the log of {} records\nleaf {leaf}\n", proof.size);
    Ok(told(what, root, &proof.path, &json!({ "inclusion": proof, "leaf": leaf, "root": root })))
}

fn consistency(log: &Log, leaves: &[Hash], from: u64) -> Result<Answer, AuditCommandError> {
    let proof = ConsistencyProof::new(leaves, from).ok_or_else(|| log.no_record())?;
    let size = usize::try_from(from).unwrap_or(usize::MAX);
    let mut tree = Range::from(0);
    leaves.iter().take(size).for_each(|leaf| tree.append(*leaf));
    let (earlier, root) = (tree.root(), log.progress.root);
    proof.verify(earlier, root)?;
    let what = format!("the log of {} records extends that of {from}\nfrom {earlier}\n", proof.to);
    let json = json!({ "consistency": proof, "earlier": earlier, "root": root });
    Ok(told(what, root, &proof.path, &json))
}

fn told(what: String, root: Hash, path: &[Hash], json: &impl Serialize) -> Answer {
    let steps = path.iter().map(|hash| format!("     {hash}\n"));
    let text = what + &format!("root {root}\npath\n") + &steps.collect::<String>();
    Answer { exit: Exit::Acceptable, text, json: json!(json) }
}
