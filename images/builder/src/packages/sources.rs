//! The machine's own package sources, with other suites.
//!
//! SPEC: sources.list(5): the one-line form and the deb822 form.

use std::path::Path;

use super::error::PackageError;
use crate::file;

/// One source of the machine: where from, and for which suites.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    suites: Vec<String>,
    form: Form,
}

/// What stands before and after the suites in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    OneLine { before: String },
    Stanza { other_fields: String },
}

/// The files of a configuration that serves `suites`, each with a name and text.
pub(super) fn for_suites(
    etc: &Path,
    release: &str,
    suites: &[&str],
) -> Result<Vec<(String, String)>, PackageError> {
    let sources = read(etc)?;
    suites.iter().map(|suite| for_suite(&sources, release, suite)).collect()
}

/// A suite that no source names is looked for where the release is: backports, testing. Updates of
/// security have an archive of their own.
fn for_suite(
    sources: &[Source],
    release: &str,
    suite: &str,
) -> Result<(String, String), PackageError> {
    let serves = |wanted: &str| sources.iter().find(|s| s.suites.iter().any(|s| s == wanted));
    let source = serves(suite)
        .or_else(|| if suite.ends_with("-security") { None } else { serves(release) })
        .ok_or_else(|| PackageError::Source { suite: suite.to_owned() })?;
    Ok(match &source.form {
        Form::OneLine { before } => (format!("{suite}.list"), format!("{before} {suite} main\n")),
        Form::Stanza { other_fields } => (
            format!("{suite}.sources"),
            format!("{other_fields}Suites: {suite}\nComponents: main\n"),
        ),
    })
}

fn read(etc: &Path) -> Result<Vec<Source>, PackageError> {
    let mut sources = Vec::new();
    let main = etc.join("sources.list");
    if main.is_file() {
        sources.extend(lines(&file::read_text(&main)?));
    }
    let parts = etc.join("sources.list.d");
    let parts = if parts.is_dir() { file::list(&parts)? } else { Vec::new() };
    for part in parts {
        match part.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(lines(&file::read_text(&part)?)),
            Some("sources") => sources.extend(stanzas(&file::read_text(&part)?)),
            _ => {}
        }
    }
    Ok(sources)
}

fn lines(text: &str) -> impl Iterator<Item = Source> {
    text.lines().filter_map(one_line)
}

/// `deb [options] URI suite component...`
fn one_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb ")?.trim_start();
    let options = if rest.starts_with('[') { rest.find(']')?.saturating_add(1) } else { 0 };
    let (options, rest) = rest.split_at_checked(options)?;
    let mut words = rest.split_whitespace();
    let (uri, suite) = (words.next()?, words.next()?);
    let before = ["deb", options, uri].into_iter().filter(|part| !part.is_empty());
    let before = before.collect::<Vec<_>>().join(" ");
    Some(Source { suites: vec![suite.to_owned()], form: Form::OneLine { before } })
}

fn stanzas(text: &str) -> impl Iterator<Item = Source> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>();
    let stanzas =
        lines.split(|line| line.trim().is_empty()).map(<[&str]>::to_vec).collect::<Vec<_>>();
    stanzas.into_iter().filter_map(|lines| stanza(&lines))
}

fn stanza(lines: &[&str]) -> Option<Source> {
    let (mut suites, mut binary, mut other_fields) = (Vec::new(), false, String::new());
    let mut field = String::new();
    for line in lines {
        let value = if line.starts_with([' ', '\t']) {
            line
        } else {
            let (name, value) = line.split_once(':')?;
            field = name.to_ascii_lowercase();
            value
        };
        let words = || value.split_whitespace();
        match field.as_str() {
            "suites" => suites.extend(words().map(str::to_owned)),
            "types" => binary |= words().any(|word| word == "deb"),
            "enabled" if words().any(|word| word == "no") => return None,
            "components" | "enabled" | "architectures" => {}
            _ => {
                other_fields.push_str(line);
                other_fields.push('\n');
            }
        }
    }
    let other_fields = format!("Types: deb\n{other_fields}");
    binary.then_some(Source { suites, form: Form::Stanza { other_fields } })
}

#[cfg(test)]
mod tests {
    use super::{for_suite, lines, stanzas};

    const STANZAS: &str = "\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN KEY-----
 .
 key

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://other.example/debian
Suites: forky
";

    fn text(suite: &str) -> Option<String> {
        let sources: Vec<_> = stanzas(STANZAS).collect();
        for_suite(&sources, "bookworm", suite).ok().map(|(_, text)| text)
    }

    #[test]
    fn other_suites_come_from_where_the_release_comes_from() {
        let backports = text("bookworm-backports").unwrap();
        assert_eq!(
            backports,
            "Types: deb\nURIs: http://mirror.example/debian\nSigned-By:\n -----BEGIN KEY-----\n .\n key\nSuites: bookworm-backports\nComponents: main\n"
        );
        assert!(text("forky").unwrap().contains("http://mirror.example/debian\n"));
        assert!(text("bookworm-security").unwrap().contains("http://mirror.example/security\n"));
    }

    #[test]
    fn security_updates_come_from_their_own_archive_or_not_at_all() {
        let sources: Vec<_> = lines("deb http://mirror.example/debian bookworm main").collect();
        assert!(for_suite(&sources, "bookworm", "bookworm-security").is_err());
        assert!(for_suite(&sources, "trixie", "trixie").is_err());
    }

    #[test]
    fn one_line_sources_keep_their_options() {
        let text = "# deb http://no.example/ bookworm main\n\
            deb-src http://no.example/ bookworm main\n\
            deb [arch=amd64 signed-by=/usr/share/k.gpg] http://mirror.example/debian bookworm main contrib # x";
        let sources: Vec<_> = lines(text).collect();
        assert_eq!(sources.len(), 1);
        let (name, text) = for_suite(&sources, "bookworm", "forky").unwrap();
        assert_eq!(name, "forky.list");
        let expected =
            "deb [arch=amd64 signed-by=/usr/share/k.gpg] http://mirror.example/debian forky main\n";
        assert_eq!(text, expected);
    }
}
