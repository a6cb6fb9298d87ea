//! What is in an image, for programs that look for known weaknesses.
//!
//! SPEC: SPDX 2.3, JSON.

use serde_json::{Value, json};

use crate::folder::{Description, Input, InputKind, UKI};

/// A document has to say when it was made; two builds of one image have to say the same.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// The document about the image that `description` describes, made of its inputs.
#[must_use]
pub fn sbom(description: &Description) -> Value {
    let Description { name, version, inputs, .. } = description;
    let parts: Vec<_> = inputs.iter().enumerate().map(|(at, input)| part(at, input)).collect();
    let bootable = description.outputs.iter().find(|output| output.file == UKI);
    let digest = bootable.map(|output| output.sha256.to_string());
    let checksums: Vec<_> = digest.iter().map(|digest| checksum("SHA256", digest)).collect();
    let digest = digest.unwrap_or_else(|| description.manifest.sha384.to_string());
    let image = json!({
        "SPDXID": "SPDXRef-image",
        "name": name,
        "versionInfo": version,
        "packageFileName": UKI,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "primaryPackagePurpose": "OPERATING-SYSTEM",
        "checksums": checksums,
    });
    let described = relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image");
    let contained = (0..inputs.len()).map(|at| relation("SPDXRef-image", "CONTAINS", &id(at)));
    let packages: Vec<_> = [image].into_iter().chain(parts).collect();
    let relationships: Vec<_> = [described].into_iter().chain(contained).collect();
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": format!("{name} {version}"),
        "documentNamespace": format!("urn:cloister:sbom:{digest}"),
        "creationInfo": {
            "created": CREATED,
            "creators": [format!("Tool: cloister-image-{}", env!("CARGO_PKG_VERSION"))],
        },
        "packages": packages,
        "relationships": relationships,
    })
}

fn part(at: usize, input: &Input) -> Value {
    let mut part = json!({
        "SPDXID": id(at),
        "name": input.name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "primaryPackagePurpose": purpose(input.kind),
        "checksums": [checksum("SHA256", &input.sha256.to_string())],
    });
    let locator = purl(input).map(|locator| {
        json!([{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": locator,
        }])
    });
    let version = (!input.version.is_empty()).then(|| json!(input.version));
    if let Value::Object(members) = &mut part {
        members.extend(version.map(|version| ("versionInfo".to_owned(), version)));
        members.extend(locator.map(|locator| ("externalRefs".to_owned(), locator)));
    }
    part
}

fn checksum(algorithm: &str, value: &str) -> Value {
    json!({ "algorithm": algorithm, "checksumValue": value })
}

const fn purpose(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Runtime => "APPLICATION",
        InputKind::Package | InputKind::Wheel => "LIBRARY",
        InputKind::AgentFile => "FILE",
        InputKind::OciLayer => "CONTAINER",
    }
}

/// SPEC: package-url: what scanners look up.
fn purl(input: &Input) -> Option<String> {
    let (name, version) = (encoded(&input.name), encoded(&input.version));
    match input.kind {
        InputKind::Package => Some(format!("pkg:deb/debian/{name}@{version}?arch=amd64")),
        InputKind::Wheel => {
            let name = name.to_ascii_lowercase().replace('_', "-");
            Some(format!("pkg:pypi/{name}@{version}"))
        }
        InputKind::Runtime | InputKind::AgentFile | InputKind::OciLayer => None,
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    let each = |byte: u8| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(each).collect()
}

fn id(at: usize) -> String {
    format!("SPDXRef-part-{at}")
}

fn relation(from: &str, kind: &str, to: &str) -> Value {
    json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
}

#[cfg(test)]
mod tests {
    use super::sbom;
    use crate::provenance::tests::description;

    #[test]
    fn every_input_is_contained_and_what_scanners_know_has_a_locator() {
        let description = description();
        let document = sbom(&description);
        let packages = document["packages"].as_array().unwrap();
        assert_eq!(packages.len(), 1 + description.inputs.len());
        assert_eq!(document["relationships"].as_array().unwrap().len(), packages.len());
        let locators: Vec<_> = packages
            .iter()
            .filter_map(|p| p["externalRefs"][0]["referenceLocator"].as_str())
            .collect();
        assert_eq!(
            locators,
            [
                "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64",
                "pkg:pypi/a2a-sdk@0.3"
            ]
        );
        for package in packages {
            let id = package["SPDXID"].as_str().unwrap();
            assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b)), "{id}");
        }
    }
}
