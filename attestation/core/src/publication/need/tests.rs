use std::collections::BTreeSet;

use super::{Need, PckCa, Service, TcbUpdate};
use crate::bytes::{ChipId, Fmspc};
use crate::snp::{Product, SigningKey, Tcb};

const TCB: Tcb = Tcb { fmc: None, boot_loader: 3, tee: 0, snp: 8, microcode: 115 };

fn chip(first: u8) -> ChipId {
    let mut id = [0; 64];
    id[0] = first;
    id[7] = 0xee;
    ChipId::new(id)
}

#[test]
fn amd_paths_are_those_of_the_specification() {
    let vcek = Need::Vcek { product: Product::Milan, hwid: chip(0xab), tcb: TCB };
    let id = format!("ab000000000000ee{}", "0".repeat(112));
    let expected = format!("/vcek/v1/Milan/{id}?blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=115");
    assert_eq!(vcek.path(), expected);
    let tcb = Tcb { fmc: Some(1), ..TCB };
    let turin = Need::Vcek { product: Product::Turin, hwid: chip(0xab), tcb };
    assert_eq!(
        turin.path(),
        "/vcek/v1/Turin/ab000000000000ee?fmcSPL=01&blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=115"
    );
    let product = Product::Genoa;
    assert_eq!(Need::AmdCrl { product }.path(), "/vcek/v1/Genoa/crl");
    for (key, path) in [
        (SigningKey::Vcek, "/vcek/v1/Genoa/cert_chain"),
        (SigningKey::Vlek, "/vlek/v1/Genoa/cert_chain"),
    ] {
        assert_eq!(Need::AmdChain { product, key }.path(), path);
    }
}

#[test]
fn intel_paths_are_those_of_the_specification() {
    let fmspc = Fmspc::new([0x90, 0xc0, 0x6f, 0, 0, 0]);
    for (need, path) in [
        (
            Need::TdxTcbInfo { fmspc, update: TcbUpdate::Early },
            "/tdx/certification/v4/tcb?fmspc=90c06f000000&update=early",
        ),
        (
            Need::TdQeIdentity { update: TcbUpdate::Standard },
            "/tdx/certification/v4/qe/identity?update=standard",
        ),
        (
            Need::PckCrl { ca: PckCa::Platform },
            "/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
        ),
        (Need::IntelRootCrl, "/IntelSGXRootCA.der"),
    ] {
        assert_eq!(need.path(), path);
    }
    assert_eq!(Need::IntelRootCrl.service(), Service::IntelRoot);
}

/// Everything that tells two documents apart is in the path, which is the key of every cache.
#[test]
fn no_two_documents_have_the_same_path() {
    let vcek = |product, first, tcb| Need::Vcek { product, hwid: chip(first), tcb };
    let fmc = |fmc| Tcb { fmc: Some(fmc), ..TCB };
    let mut needs = vec![
        vcek(Product::Milan, 1, TCB),
        vcek(Product::Milan, 2, TCB),
        vcek(Product::Genoa, 1, TCB),
        vcek(Product::Milan, 1, Tcb { boot_loader: 4, ..TCB }),
        vcek(Product::Milan, 1, Tcb { tee: 1, ..TCB }),
        vcek(Product::Milan, 1, Tcb { snp: 9, ..TCB }),
        vcek(Product::Milan, 1, Tcb { microcode: 15, ..TCB }),
        vcek(Product::Turin, 1, fmc(0)),
        vcek(Product::Turin, 1, fmc(1)),
        Need::IntelRootCrl,
        Need::PckCrl { ca: PckCa::Platform },
        Need::PckCrl { ca: PckCa::Processor },
    ];
    for update in [TcbUpdate::Standard, TcbUpdate::Early] {
        needs.push(Need::TdQeIdentity { update });
        needs.extend([1, 2].map(|n| Need::TdxTcbInfo { fmspc: Fmspc::new([n; 6]), update }));
    }
    for product in Product::ALL {
        needs.push(Need::AmdCrl { product });
        needs.extend(
            [SigningKey::Vcek, SigningKey::Vlek].map(|key| Need::AmdChain { product, key }),
        );
    }
    let paths: BTreeSet<_> = needs.iter().map(Need::path).collect();
    assert_eq!(paths.len(), needs.len());
}
