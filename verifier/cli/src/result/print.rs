//! Results for people and for programs.

use core::fmt::Write as _;

use cloister_attestation::ear::{Appraisal, Ear, Facts, TrustClaim, VerifiedResult};
use cloister_attestation::result::{PlatformIdentity, Tier};
use owo_colors::OwoColorize as _;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Exit};
use crate::text::{indented, printable};

/// A result that verified.
pub(super) fn verified(result: &VerifiedResult, exit: Exit, nonce_checked: bool) -> Answer {
    let mut text = claims(result.ear());
    let nonce = if nonce_checked { "checked" } else { "not checked: any live result will do" };
    let _ = writeln!(text, "  nonce      {nonce}");
    let _ = writeln!(text, "\n{}", words(result, exit));
    let verdict = [
        ("verified", true),
        ("acceptable", exit == Exit::Acceptable),
        ("nonce_checked", nonce_checked),
    ];
    Answer { exit, text, json: as_json(result.ear(), &verdict) }
}

/// A result that nobody has verified.
pub(super) fn unverified(ear: &Ear) -> Answer {
    let text = format!("{}\n{}", "nothing of it is verified".yellow(), claims(ear));
    Answer { exit: Exit::Acceptable, text, json: as_json(ear, &[("verified", false)]) }
}

fn words(result: &VerifiedResult, exit: Exit) -> String {
    let status = result.status();
    match (exit, status) {
        (Exit::Acceptable, Tier::Affirming) => "affirmed".green().bold().to_string(),
        (Exit::Acceptable, _) => "a warning, which was allowed".yellow().bold().to_string(),
        (Exit::NoConclusion, _) => "the result makes no claim".yellow().bold().to_string(),
        (_, Tier::Warning) if result.facts().simulated => {
            "refused: simulated, which proves nothing about hardware".red().bold().to_string()
        }
        (_, status) => format!("refused: {status}").red().bold().to_string(),
    }
}

fn claims(ear: &Ear) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = head(&mut out, ear);
    for (name, appraisal) in &ear.appraisals {
        let _ = submodule(&mut out, name, appraisal);
    }
    out
}

fn line(out: &mut String, name: &str, value: &str) -> core::fmt::Result {
    writeln!(out, "  {name:10} {}", indented(&printable(value), 13))
}

fn head(out: &mut String, ear: &Ear) -> core::fmt::Result {
    writeln!(out, "{}", "Attestation Result".bold())?;
    line(out, "by", ear.issuer.as_deref().unwrap_or("nobody named"))?;
    line(out, "program", &format!("{} {}", ear.verifier.developer, ear.verifier.build))?;
    line(out, "for", ear.audience.as_deref().unwrap_or("nobody in particular"))?;
    let until = ear.expires_at.map_or_else(|| "no end".to_owned(), |at| at.to_string());
    line(out, "from", &format!("{} to {until}", ear.issued_at))
}

fn submodule(out: &mut String, name: &str, appraisal: &Appraisal) -> core::fmt::Result {
    writeln!(out, "\n{} {}", printable(name).bold(), tier(appraisal.status))?;
    for claim in TrustClaim::ALL {
        let (value, words) = (appraisal.vector.get(claim), appraisal.vector.words(claim));
        writeln!(out, "  {:18} {value:4}  {words}", claim.name())?;
    }
    for policy in &appraisal.policies {
        line(out, "policy", policy)?;
    }
    appraisal.facts.as_ref().map_or(Ok(()), |facts| known(out, facts))
}

fn known(out: &mut String, facts: &Facts) -> core::fmt::Result {
    line(out, "hardware", &format!("{} {}", facts.tee, facts.product))?;
    line(out, "machine", &machine(&facts.platform))?;
    line(out, "TCB", facts.tcb_status.as_deref().unwrap_or("the vendor publishes no word for it"))?;
    match &facts.image {
        Some(image) => line(out, "image", &format!("{} {}", image.name, image.version))?,
        None => line(out, "image", "none that is admitted")?,
    }
    if facts.simulated {
        writeln!(out, "{}", "simulated: this says nothing about hardware".yellow().bold())?;
    }
    let lists = [("failed", &facts.failed), ("nobody vouches for", &facts.not_asserted)];
    for (heading, ids) in lists.into_iter().filter(|(_, ids)| !ids.is_empty()) {
        writeln!(
            out,
            "\n{}\n  {}",
            heading.yellow().bold(),
            indented(&printable(&ids.join(", ")), 2)
        )?;
    }
    Ok(())
}

fn machine(platform: &PlatformIdentity) -> String {
    match platform {
        PlatformIdentity::Chip(id) => format!("chip {id}"),
        PlatformIdentity::Provider(name) => format!("of provider {name}, not named itself"),
        PlatformIdentity::Ppid(id) => format!("PPID {id}"),
        PlatformIdentity::NotAsserted | _ => "not named".to_owned(),
    }
}

fn tier(tier: Tier) -> String {
    let word = tier.to_string();
    match tier {
        Tier::Affirming => word.green().to_string(),
        Tier::Contraindicated => word.red().to_string(),
        Tier::None | Tier::Warning | _ => word.yellow().to_string(),
    }
}

fn as_json(ear: &Ear, verdict: &[(&str, bool)]) -> Value {
    let submodules = ear.appraisals.iter().map(|(name, appraisal)| {
        let vector: Map<String, Value> = TrustClaim::ALL
            .into_iter()
            .map(|claim| {
                let (value, words) = (appraisal.vector.get(claim), appraisal.vector.words(claim));
                (claim.name().to_owned(), json!({ "value": value, "words": words }))
            })
            .collect();
        let submodule = json!({
            "status": appraisal.status,
            "vector": vector,
            "policies": appraisal.policies,
            "facts": appraisal.facts,
            "not_read": appraisal.extensions,
        });
        (name.clone(), submodule)
    });
    let mut json = json!({
        "profile": ear.profile,
        "issuer": ear.issuer,
        "audience": ear.audience,
        "issued_at": ear.issued_at,
        "expires_at": ear.expires_at,
        "id": ear.id,
        "nonce": ear.nonce.as_ref().map(hex::encode),
        "verifier": { "developer": ear.verifier.developer, "build": ear.verifier.build },
        "submodules": submodules.collect::<Map<_, _>>(),
        "not_read": ear.extensions,
    });
    if let Value::Object(object) = &mut json {
        object.extend(verdict.iter().map(|(name, holds)| ((*name).to_owned(), json!(holds))));
    }
    json
}
