//! Writing the lock file anew, from what the archives have now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::apt::Apt;
use super::error::PackageError;
use super::lock::{Lock, Package, is_name, is_version};
use super::wanted::{Group, Needs, Wanted};
use crate::digest::Sha256;
use crate::progress::{Progress, Step};

/// A package as the archives' lists have it.
#[derive(Debug)]
struct Listed {
    architecture: String,
    sha256: Sha256,
    bytes: u64,
    /// The first thing that it depends on.
    first_need: Option<(String, Option<String>)>,
}

/// Name and version.
type Pin = (String, String);

/// Looks up what is wanted. `folder` is the cache's; `now` is in seconds since 1970.
///
/// # Errors
/// [`PackageError`] says which package is not served, or what failed.
pub fn refresh(
    wanted: &Wanted,
    folder: &Path,
    now: u64,
    progress: &dyn Progress,
) -> Result<Lock, PackageError> {
    let folder = folder.join("apt");
    let mut packages = BTreeMap::<Pin, Package>::new();
    for (name, group) in &wanted.groups {
        let suites: Vec<&str> = group.suites.iter().map(String::as_str).collect();
        let apt = Apt::new(&folder, &wanted.release, &suites)?.preferring(group.prefer.clone());
        progress.begin(Step::Lists, None);
        apt.update()?;
        progress.end();
        for package in lock_group(&apt, group)? {
            let pin = (package.name.clone(), package.version.clone());
            packages.entry(pin).or_insert(package).groups.push(name.clone());
        }
    }
    Ok(Lock::new(wanted.release.clone(), now, packages.into_values().collect()))
}

fn lock_group(apt: &Apt, group: &Group) -> Result<Vec<Package>, PackageError> {
    let names: Vec<&str> = group.packages.iter().map(String::as_str).collect();
    let pins = match group.needs {
        Needs::Nothing => versions(apt, &["download"], &names)?,
        Needs::Everything => versions(apt, &["install", "--yes"], &names)?,
        Needs::StandsFor => stands_for(apt, &names)?,
    };
    let listed = listed(apt, &pins)?;
    let suites = suites(apt, &pins)?;
    pins.into_iter().map(|pin| locked(pin, &listed, &suites, group)).collect()
}

/// The packages that `packages` are names for.
fn stands_for(apt: &Apt, packages: &[&str]) -> Result<Vec<Pin>, PackageError> {
    let pins = versions(apt, &["download"], packages)?;
    let needed =
        listed(apt, &pins)?.into_iter().map(|((name, _), listed)| match listed.first_need {
            Some((name, Some(version))) => Ok(format!("{name}={version}")),
            Some((name, None)) => Ok(name),
            None => Err(unusable(&format!("{name} depends on nothing"))),
        });
    let needed = needed.collect::<Result<Vec<_>, _>>()?;
    versions(apt, &["download"], &needed.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What the client would fetch: names with versions.
fn versions(apt: &Apt, command: &[&str], packages: &[&str]) -> Result<Vec<Pin>, PackageError> {
    let printed = apt.get(&[command, &["--print-uris"], packages].concat())?;
    let pins: BTreeSet<Pin> = printed.lines().filter_map(pin).collect();
    if pins.is_empty() {
        return Err(unusable(&format!("nothing is served for {}", packages.join(", "))));
    }
    Ok(pins.into_iter().collect())
}

/// `'URI' NAME_VERSION_ARCHITECTURE.deb SIZE DIGEST`, in which a version's colon is `%3a`.
fn pin(line: &str) -> Option<Pin> {
    let file = line.strip_prefix('\'')?.split("' ").nth(1)?.split(' ').next()?;
    let mut parts = file.strip_suffix(".deb")?.split('_');
    let (name, version) = (parts.next()?, parts.next()?.replace("%3a", ":"));
    (is_name(name) && is_version(&version)).then(|| (name.to_owned(), version))
}

fn listed(apt: &Apt, pins: &[Pin]) -> Result<BTreeMap<Pin, Listed>, PackageError> {
    let words: Vec<_> = pins.iter().map(|(name, version)| format!("{name}={version}")).collect();
    let words: Vec<_> = ["show"].into_iter().chain(words.iter().map(String::as_str)).collect();
    Ok(apt.cache(&words)?.split("\n\n").filter_map(stanza).collect())
}

fn stanza(text: &str) -> Option<(Pin, Listed)> {
    let field = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    let pin = (field("Package")?.to_owned(), field("Version")?.to_owned());
    let first_need = field("Depends").and_then(first_need);
    Some((
        pin,
        Listed {
            architecture: field("Architecture")?.to_owned(),
            sha256: field("SHA256")?.parse().ok()?,
            bytes: field("Size")?.parse().ok()?,
            first_need,
        },
    ))
}

/// `NAME (= VERSION), ...`
fn first_need(depends: &str) -> Option<(String, Option<String>)> {
    let first = depends.split(',').next()?.split('|').next()?;
    let mut words = first.split([' ', '(', ')', '=']).filter(|word| !word.is_empty());
    let name = words.next().filter(|name| is_name(name))?;
    Some((name.to_owned(), words.next().filter(|version| is_version(version)).map(str::to_owned)))
}

/// Which suites serve what: `NAME | VERSION | URI SUITE/COMPONENT ARCHITECTURE Packages`.
fn suites(apt: &Apt, pins: &[Pin]) -> Result<BTreeMap<Pin, Vec<String>>, PackageError> {
    let names = pins.iter().map(|(name, _)| name.as_str());
    let printed = apt.cache(&["madison"].into_iter().chain(names).collect::<Vec<_>>())?;
    let mut suites = BTreeMap::<Pin, Vec<String>>::new();
    for line in printed.lines() {
        let mut columns = line.split('|').map(str::trim);
        let (Some(name), Some(version), Some(from)) =
            (columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        let suite = from.split_whitespace().nth(1).and_then(|suite| suite.split('/').next());
        let pin = (name.to_owned(), version.to_owned());
        suites.entry(pin).or_default().extend(suite.map(str::to_owned));
    }
    Ok(suites)
}

fn locked(
    pin: Pin,
    listed: &BTreeMap<Pin, Listed>,
    suites: &BTreeMap<Pin, Vec<String>>,
    group: &Group,
) -> Result<Package, PackageError> {
    let missing = || unusable(&format!("{} {} is in no list", pin.0, pin.1));
    let Listed { architecture, sha256, bytes, .. } = listed.get(&pin).ok_or_else(missing)?;
    let served = suites.get(&pin).ok_or_else(missing)?;
    let suite = group.suites.iter().find(|suite| served.contains(suite)).ok_or_else(missing)?;
    Ok(Package {
        suite: suite.clone(),
        architecture: architecture.clone(),
        sha256: *sha256,
        bytes: *bytes,
        groups: Vec::new(),
        name: pin.0,
        version: pin.1,
    })
}

fn unusable(reason: &str) -> PackageError {
    PackageError::Client { program: "apt", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{first_need, pin, stanza};

    #[test]
    fn the_clients_lines_are_read_as_they_are_printed() {
        let line = "'http://mirror.example/pool/z/zlib1g_1.2_amd64.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86684 MD5Sum:7d65";
        assert_eq!(pin(line), Some(("zlib1g".to_owned(), "1:1.2.13.dfsg-1".to_owned())));
        assert_eq!(pin("Reading package lists..."), None);
        assert_eq!(pin("'http://x/' -o_1_amd64.deb 1 x"), None);
    }

    #[test]
    fn a_stanza_without_a_digest_is_not_locked() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let text = format!(
            "Package: a\nVersion: 1:2-3\nArchitecture: amd64\nDepends: b-1 (= 2-3), c | d\nSize: 12\nSHA256: {digest}\n"
        );
        let ((name, version), listed) = stanza(&text).unwrap();
        assert_eq!((name.as_str(), version.as_str(), listed.bytes), ("a", "1:2-3", 12));
        assert_eq!(listed.first_need, Some(("b-1".to_owned(), Some("2-3".to_owned()))));
        assert!(stanza(&text.replace("SHA256", "MD5sum")).is_none());
    }

    #[test]
    fn what_a_package_stands_for_need_not_have_a_version() {
        assert_eq!(first_need("b | c (>= 1)"), Some(("b".to_owned(), None)));
        assert_eq!(first_need(""), None);
    }
}
