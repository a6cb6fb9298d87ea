//! How an image came about, in the form that policies about software supply read.
//!
//! SPEC: in-toto Statement v1; SLSA Provenance v1. The statement is not signed here: whoever builds
//! signs it with a key of theirs, or publishes it beside Reference Values that are signed.

use serde_json::{Value, json};

use crate::folder::{Description, Input, Output};

/// Names this way of building; its parameters are those below.
const BUILD_TYPE: &str = "urn:cloister:image-build:1";
/// Names this program as what built.
const BUILDER: &str = "urn:cloister:image-builder";

/// The statement about the image that `description` describes: its outputs are the subject, its
/// inputs what they depend on. `kind` is what the agent is made of.
#[must_use]
pub fn provenance(description: &Description, kind: &str, cmdline: &str) -> Value {
    let subjects: Vec<_> = description.outputs.iter().map(subject).collect();
    let dependencies: Vec<_> = description.inputs.iter().map(dependency).collect();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "image": { "name": description.name, "version": description.version },
                    "agent": { "name": description.agent, "kind": kind },
                },
                "internalParameters": {
                    "cmdline": cmdline,
                    "toolchain": description.toolchain,
                },
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {
                    "id": BUILDER,
                    "version": { "cloister-image": env!("CARGO_PKG_VERSION") },
                },
            },
        },
    })
}

fn subject(output: &Output) -> Value {
    json!({
        "name": output.file,
        "digest": { "sha256": output.sha256 },
    })
}

fn dependency(input: &Input) -> Value {
    json!({
        "name": input.name,
        "digest": { "sha256": input.sha256 },
        "annotations": { "kind": input.kind, "version": input.version },
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use cloister_attestation::bytes::Digest48;

    use super::provenance;
    use crate::digest::Sha256;
    use crate::folder::{Description, FORMAT, Input, InputKind, ManifestDigest, Output};

    /// An image of two inputs that scanners know and one that they do not.
    pub(crate) fn description() -> Description {
        let input = |kind, name: &str, version: &str| Input {
            kind,
            name: name.to_owned(),
            version: version.to_owned(),
            sha256: Sha256::of(name.as_bytes()),
            bytes: 1,
        };
        Description {
            format: FORMAT.to_owned(),
            name: "translator".to_owned(),
            version: "1.0.0".to_owned(),
            agent: "translator".to_owned(),
            manifest: ManifestDigest { sha384: Digest48::sha384(b"") },
            inputs: vec![
                input(InputKind::Runtime, "cloisterd", ""),
                input(InputKind::Package, "libstdc++6", "12.2.0-14+deb12u1"),
                input(InputKind::Wheel, "a2a_sdk", "0.3"),
            ],
            outputs: vec![Output::of("kernel", b"kernel")],
            toolchain: BTreeMap::new(),
        }
    }

    #[test]
    fn every_output_is_a_subject_and_every_input_a_dependency() {
        let description = description();
        let statement = provenance(&description, "static", "quiet");
        let subject = &statement["subject"][0];
        assert_eq!(subject["digest"]["sha256"], Sha256::of(b"kernel").to_string());
        let definition = &statement["predicate"]["buildDefinition"];
        let dependencies = definition["resolvedDependencies"].as_array().unwrap();
        assert_eq!(dependencies.len(), description.inputs.len());
        assert_eq!(dependencies[1]["digest"]["sha256"], Sha256::of(b"libstdc++6").to_string());
    }
}
