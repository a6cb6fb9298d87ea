//! The launch shape of a machine that measures itself, for `cloister image measure`.

use cloister_attestation::reference::LaunchShape;
use cloister_simulator::azure::software_paravisor;

/// A shapes document with the paravisor in software, so that Reference Values are made of the PCRs.
#[must_use]
pub fn shapes() -> String {
    let mut text =
        "# A virtual TPM of software, behind a paravisor of software: it proves nothing.\n\
                    format = \"cloister/shapes/1\"\n\n[[vtpm]]\nname = \"simulated vtpm\"\n\
                    bank = \"sha256\"\n"
            .to_owned();
    if let LaunchShape::Snp { measurement, host_data } = software_paravisor() {
        text += &format!(
            "\n[vtpm.paravisor]\ntee = \"snp\"\nmeasurement = \"{measurement}\"\n\
             host_data = \"{host_data}\"\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use cloister_image::measure::Shapes;
    use cloister_simulator::azure::software_paravisor;

    use super::shapes;

    #[test]
    fn the_document_names_the_paravisor_in_software() {
        let shapes = Shapes::parse(&shapes()).unwrap();
        assert_eq!(shapes.count(), 1);
        assert_eq!(shapes.vtpm[0].paravisor, Some(software_paravisor()));
    }
}
