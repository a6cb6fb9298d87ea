//! Terraform files: what they declare and use, and what `terraform` says.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::examined::Examined;
use super::hcl::Block;
use crate::process::{self, Attempt};

/// Names under which recipes would carry a secret.
const SECRETS: &[&str] =
    &["password", "passphrase", "secret", "access_key", "private_key", "token", "credentials"];

/// What asks each cloud for a confidential machine. Without it, the same recipe starts one that is
/// in no TEE, and nothing else in it would look different.
const CONFIDENTIAL: &[(&str, &str)] = &[
    ("aws", "amd_sev_snp = \"enabled\""),
    ("azure", "securityType = \"ConfidentialVM\""),
    ("gcp", "confidential_instance_type = local.shape.technology"),
];

/// Checks one folder of files.
pub(super) fn check(folder: &Path, providers: Option<&Path>) -> Result<Examined> {
    let (name, module) = read(folder)?;
    let problems = problems(&module).into_iter().chain(unprotected(&name, &module));
    let problems = problems.map(|problem| format!("{name}: {problem}"));
    let mut examined = Examined::checked(format!("{name}: declarations"), problems.collect());
    examined.add(formatted(&name, folder)?);
    examined.add(match providers {
        Some(mirror) => validated(&name, folder, mirror)?,
        None => Examined::skipped(format!(
            "{name}: terraform validate: the provider's schema is not part of the repository; \
             `cargo xtask platforms --providers DIR` takes a mirror"
        )),
    });
    Ok(examined)
}

/// All files of a folder, as Terraform takes them: as one.
fn read(folder: &Path) -> Result<(String, Block)> {
    let name = folder.file_name().context("a folder without a name")?.to_string_lossy();
    let mut module = Block::default();
    let entries = std::fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|e| e == "tf")) {
        let text = std::fs::read_to_string(path)?;
        let file = Block::parse(&text).with_context(|| format!("{}", path.display()))?;
        module.attributes.extend(file.attributes);
        module.blocks.extend(file.blocks);
    }
    Ok((name.into_owned(), module))
}

fn problems(module: &Block) -> Vec<String> {
    let mut problems = pins(module);
    problems.extend(undescribed(module));
    problems.extend(references(module));
    problems.extend(secrets(module));
    problems
}

/// What a cloud's recipe lacks for its machine to be in a TEE.
fn unprotected(cloud: &str, module: &Block) -> Option<String> {
    let wanted = CONFIDENTIAL.iter().find(|(name, _)| *name == cloud).map(|(_, words)| *words);
    let Some(words) = wanted else {
        return Some("it is not known what asks this cloud for a confidential machine".to_owned());
    };
    let asks = |(name, text): (&str, &str)| format!("{name} = {text}").contains(words);
    let asked = module.all_attributes().into_iter().any(asks);
    (!asked).then(|| format!("`{words}` is not there: the machine would be in no TEE"))
}

/// Terraform itself and every provider, within a range that ends before the next major version.
fn pins(module: &Block) -> Vec<String> {
    let settings = module.blocks.iter().filter(|block| block.kind == "terraform");
    let mut ranges = Vec::new();
    for block in settings {
        let own = block.attribute("required_version").unwrap_or_default();
        ranges.push(("terraform", own));
        let required = block.blocks.iter().filter(|inner| inner.kind == "required_providers");
        ranges.extend(
            required.flat_map(|inner| &inner.attributes).map(|(n, t)| (n.as_str(), t.as_str())),
        );
    }
    if ranges.len() < 2 {
        return vec!["no provider is required".to_owned()];
    }
    let open =
        ranges.into_iter().filter(|(_, range)| !(range.contains(">=") && range.contains("< ")));
    open.map(|(name, _)| format!("the versions of `{name}` have no lower and upper bound"))
        .collect()
}

fn undescribed(module: &Block) -> Vec<String> {
    let wanted = |kind: &str| match kind {
        "variable" => &["description", "type"][..],
        "output" => &["description", "value"][..],
        _ => &[],
    };
    let lacks = |block: &Block| {
        let missing = wanted(&block.kind).iter().find(|name| block.attribute(name).is_none())?;
        Some(format!("{} `{}` has no {missing}", block.kind, block.labels.join(".")))
    };
    module.blocks.iter().filter_map(lacks).collect()
}

/// What is used and not declared, and variables that are declared and not used.
fn references(module: &Block) -> Vec<String> {
    let declared: BTreeSet<String> = module.blocks.iter().flat_map(address).collect();
    let mut families = BTreeSet::from(["var", "local", "data"]);
    families.extend(declared.iter().filter_map(|name| name.split(['_', '.']).next()));
    let attributes = module.all_attributes();
    let used: BTreeSet<String> = attributes.iter().flat_map(|(_, text)| addresses(text)).collect();
    let known =
        |name: &&String| name.split(['_', '.']).next().is_some_and(|f| families.contains(f));
    let dangling = used.iter().filter(known).filter(|name| !declared.contains(*name));
    let idle = declared.iter().filter(|name| name.starts_with("var.") && !used.contains(*name));
    let dangling = dangling.map(|name| format!("`{name}` is used and not declared"));
    dangling.chain(idle.map(|name| format!("`{name}` is declared and not used"))).collect()
}

/// What others call this block, or what is in it.
fn address(block: &Block) -> Vec<String> {
    let path = block.labels.join(".");
    match block.kind.as_str() {
        "variable" => vec![format!("var.{path}")],
        "data" => vec![format!("data.{path}")],
        "resource" => vec![path],
        "locals" => block.attributes.iter().map(|(name, _)| format!("local.{name}")).collect(),
        _ => Vec::new(),
    }
}

/// Names in an expression that may be of a declaration: two words, or three for `data`.
fn addresses(text: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let paths = text.split(|c| !is_name(c)).filter(|path| path.contains('.'));
    paths
        .map(|path| {
            let words = if path.starts_with("data.") { 3 } else { 2 };
            path.split('.').take(words).collect::<Vec<_>>().join(".")
        })
        .collect()
}

fn secrets(module: &Block) -> Vec<String> {
    let variables = module.blocks.iter().filter(|block| block.kind == "variable");
    let variables = variables.flat_map(|block| block.labels.iter().map(String::as_str));
    let attributes = module.all_attributes();
    let names = variables.chain(attributes.iter().map(|(name, _)| *name));
    let secret = |name: &&str| {
        let last = |word| name.strip_suffix(word).is_some_and(|b| b.is_empty() || b.ends_with('_'));
        SECRETS.iter().any(last)
    };
    names.filter(secret).map(|name| format!("`{name}` is a place for a secret")).collect()
}

fn formatted(name: &str, folder: &Path) -> Result<Examined> {
    let mut command = terraform(folder);
    command.args(["fmt", "-check", "-diff", "-no-color"]);
    let Some(attempt) = process::attempt(&mut command, "")? else {
        return Ok(Examined::skipped(format!("{name}: terraform fmt: terraform is not installed")));
    };
    let problems = (!attempt.succeeded).then(|| format!("{name}: terraform fmt: {}", attempt.text));
    Ok(Examined::checked(format!("{name}: terraform fmt"), problems.into_iter().collect()))
}

/// In a copy, so that nothing of Terraform's is left beside the recipes.
fn validated(name: &str, folder: &Path, mirror: &Path) -> Result<Examined> {
    let copy = tempfile::tempdir()?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        std::fs::copy(entry.path(), copy.path().join(entry.file_name()))?;
    }
    let mirror = std::path::absolute(mirror)?;
    let mut init = terraform(copy.path());
    init.args(["init", "-backend=false", "-input=false", "-no-color", "-plugin-dir"]).arg(mirror);
    let mut validate = terraform(copy.path());
    validate.args(["validate", "-no-color"]);
    for command in [&mut init, &mut validate] {
        match process::attempt(command, "")? {
            Some(Attempt { succeeded: true, .. }) => {}
            Some(Attempt { text, .. }) => {
                let problem = format!("{name}: terraform validate: {text}");
                return Ok(Examined::checked(format!("{name}: terraform validate"), vec![problem]));
            }
            None => {
                let why = format!("{name}: terraform validate: terraform is not installed");
                return Ok(Examined::skipped(why));
            }
        }
    }
    Ok(Examined::checked(format!("{name}: terraform validate"), Vec::new()))
}

/// Without the settings of whoever runs this, and without asking whether there is a newer one.
fn terraform(folder: &Path) -> Command {
    let mut command = Command::new("terraform");
    command.current_dir(folder).env_remove("TF_CLI_CONFIG_FILE").env("CHECKPOINT_DISABLE", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::{Block, CONFIDENTIAL, problems, unprotected};

    const GOOD: &str = "terraform {\n required_version = \">= 1.5, < 2.0\"\n required_providers {\n \
                        a = { version = \">= 1.0, < 2.0\" }\n }\n}\nvariable \"v\" {\n description = \"V.\"\n \
                        type = string\n}\nresource \"a_b\" \"c\" {\n d = \"${var.v}-${local.l}\"\n}\n\
                        locals {\n l = a_b.c.id\n}\n";

    fn of(text: &str) -> Vec<String> {
        problems(&Block::parse(text).unwrap())
    }

    #[test]
    fn files_that_declare_what_they_use_pass() {
        assert_eq!(of(GOOD), Vec::<String>::new());
    }

    #[test]
    fn each_rule_is_held() {
        for (from, to, problem) in [
            (">= 1.0, < 2.0", ">= 1.0", "`a` have no lower and upper bound"),
            (">= 1.5, < 2.0", "~> 1.5", "`terraform` have no lower and upper bound"),
            (" type = string\n", "", "variable `v` has no type"),
            ("var.v", "var.w", "`var.w` is used and not declared"),
            ("${var.v}", "v", "`var.v` is declared and not used"),
            ("a_b.c.id", "a_b.e.id", "`a_b.e` is used and not declared"),
            (" d =", " admin_password =", "`admin_password` is a place for a secret"),
        ] {
            let broken = GOOD.replace(from, to);
            assert_ne!(broken, GOOD);
            let found = of(&broken);
            assert!(found.iter().any(|found| found.contains(problem)), "{problem}: {found:?}");
        }
    }
    #[test]
    fn a_recipe_that_asks_for_no_tee_is_noticed() {
        let of = |cloud, text: &str| unprotected(cloud, &Block::parse(text).unwrap());
        for (cloud, words) in CONFIDENTIAL {
            assert_eq!(of(cloud, &format!("a \"b\" {{\n {words}\n}}\n")), None);
            assert!(of(cloud, "a \"b\" {\n c = 1\n}\n").is_some());
        }
        let nested = "a \"b\" {\n body = {\n securityType = \"ConfidentialVM\"\n }\n}\n";
        assert_eq!(of("azure", nested), None);
        assert!(of("azure", &nested.replace("ConfidentialVM", "TrustedLaunch")).is_some());
        assert!(of("elsewhere", nested).is_some());
    }
}
