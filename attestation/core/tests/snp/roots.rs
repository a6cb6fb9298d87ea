//! AMD's built-in certificates and pins.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::snp::{Product, SigningKey, roots};
use cloister_attestation::x509::Certificate;

use crate::vectors;

fn pin(product: Product) -> cloister_attestation::anchor::KeyPin {
    Anchors::vendor().amd_root(product)
}

#[test]
fn each_built_in_root_has_the_pinned_key_and_signs_itself() {
    for product in Product::ALL {
        let ark = Certificate::parse(roots::ark(product)).unwrap();
        assert_eq!(ark.key_pin(), pin(product), "{product}");
        assert_eq!(ark.subject().common_name(), Some(format!("ARK-{product}").as_str()));
        ark.verify_signed_by(&ark).unwrap();
    }
}

#[test]
fn the_pins_are_of_three_different_keys() {
    assert_ne!(pin(Product::Milan), pin(Product::Genoa));
    assert_ne!(pin(Product::Milan), pin(Product::Turin));
    assert_ne!(pin(Product::Genoa), pin(Product::Turin));
}

#[test]
fn each_built_in_intermediate_is_signed_by_its_own_root_alone() {
    for product in Product::ALL {
        let der = roots::intermediate(product, SigningKey::Vcek).unwrap();
        let ask = Certificate::parse(der).unwrap();
        assert_eq!(ask.subject().common_name(), Some(format!("SEV-{product}").as_str()));
        for other in Product::ALL {
            let ark = Certificate::parse(roots::ark(other)).unwrap();
            assert_eq!(
                ask.verify_signed_by(&ark).is_ok(),
                product == other,
                "{product} by {other}"
            );
        }
    }
}

#[test]
fn the_built_in_certificates_are_the_recorded_ones() {
    let Some(case) = vectors::named("snp", "roots") else { return };
    for product in Product::ALL {
        let name = product.name().to_lowercase();
        assert_eq!(case.pem(&format!("{name}_ark.pem")).unwrap(), roots::ark(product));
        let ask = roots::intermediate(product, SigningKey::Vcek).unwrap();
        assert_eq!(case.pem(&format!("{name}_ask.pem")).unwrap(), ask);
    }
}

#[test]
fn the_recorded_provider_intermediates_are_signed_by_the_pinned_roots() {
    let Some(case) = vectors::named("snp", "roots") else { return };
    for product in Product::ALL {
        let name = product.name().to_lowercase();
        let asvk = Certificate::parse(&case.pem(&format!("{name}_asvk.pem")).unwrap()).unwrap();
        asvk.verify_signed_by(&Certificate::parse(roots::ark(product)).unwrap()).unwrap();
        asvk.valid_at(case.valid_at()).unwrap();
    }
}
