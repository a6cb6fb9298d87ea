//! The fields of the header, and what declares types and sizes.

use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::{QuoteFields, QuoteFormat};

use super::guest::{assert_signed, guest, guest_15, outcome, quote, refusal};

fn with(change: impl Fn(&mut QuoteFields) + Send + Sync + 'static) -> TdxGuest {
    guest().with_quote_fields(change)
}

mod version {
    use super::{assert_signed, guest, guest_15, outcome, refusal, with};

    #[test]
    fn four_and_five_are_read() {
        assert_eq!(outcome(&guest()).unwrap().quote().version(), 4);
        assert_eq!(outcome(&guest_15()).unwrap().quote().version(), 5);
    }

    #[test]
    fn every_other_is_refused() {
        for version in [0, 1, 2, 3, 6, 0x0400, u16::MAX] {
            assert_eq!(
                refusal(&with(move |q| q.version = version)),
                "tdx.quote.version",
                "{version}"
            );
        }
    }

    #[test]
    fn one_cannot_pass_for_the_other() {
        assert_eq!(refusal(&with(|q| q.version = 5)), "tdx.quote.body");
        let other = guest_15().with_quote_fields(|q| q.version = 4);
        assert_eq!(refusal(&other), "tdx.quote.length");
    }

    #[test]
    fn every_bit_is_signed() {
        assert_signed(&guest(), 0..2);
    }
}

mod att_key_type {
    use super::{assert_signed, guest, refusal, with};

    #[test]
    fn only_ecdsa_p256_is_read() {
        for kind in [0, 1, 3, 4, 0x0200] {
            let guest = with(move |q| q.attestation_key_type = kind);
            assert_eq!(refusal(&guest), "tdx.header.att_key_type", "{kind}");
        }
        assert_signed(&guest(), 2..4);
    }
}

mod tee_type {
    use super::{assert_signed, guest, refusal, with};

    #[test]
    fn sgx_is_refused_by_its_name() {
        assert_eq!(refusal(&with(|q| q.tee_type = 0)), "tdx.quote.sgx");
    }

    #[test]
    fn every_other_is_refused() {
        for tee in [0x80, 0x82, 0x8100, 1] {
            assert_eq!(refusal(&with(move |q| q.tee_type = tee)), "tdx.header.tee_type", "{tee}");
        }
        assert_signed(&guest(), 4..8);
    }
}

mod qe_vendor_id {
    use super::{assert_signed, guest, refusal, with};

    #[test]
    fn only_intels_quoting_enclave_is_read() {
        for at in 0..16 {
            let guest = with(move |q| q.qe_vendor_id[at] ^= 1);
            assert_eq!(refusal(&guest), "tdx.header.qe_vendor_id", "{at}");
        }
        assert_signed(&guest(), 12..28);
    }
}

mod user_data {
    use super::{assert_signed, guest, outcome, with};

    #[test]
    fn is_read_and_signed() {
        let verified = outcome(&with(|q| q.user_data = [7; 20])).unwrap();
        assert_eq!(verified.quote().header().user_data(), &[7; 20]);
        assert_signed(&guest(), 8..12);
        assert_signed(&guest(), 28..48);
    }
}

mod body_type {
    use super::{QuoteFormat, assert_signed, guest, guest_15, refusal};

    #[test]
    fn sgx_is_refused_by_its_name() {
        assert_eq!(refusal(&guest_15().with_quote_fields(|q| q.body_type = 1)), "tdx.quote.sgx");
    }

    #[test]
    fn every_unknown_one_and_every_one_of_another_size_is_refused() {
        for format in [QuoteFormat::V5Td10, QuoteFormat::V5Td15, QuoteFormat::V5Td15Ex] {
            let right = match format {
                QuoteFormat::V5Td15 => 3,
                QuoteFormat::V5Td15Ex => 4,
                QuoteFormat::V4 | QuoteFormat::V5Td10 => 2,
            };
            for body_type in (0..8).filter(|kind| *kind != right && *kind != 1) {
                let guest =
                    guest().with_format(format).with_quote_fields(move |q| q.body_type = body_type);
                assert_eq!(refusal(&guest), "tdx.quote.body", "{format:?} as {body_type}");
            }
        }
    }

    #[test]
    fn type_and_size_are_signed() {
        assert_signed(&guest_15(), 48..54);
    }
}

mod certification_data {
    use super::{refusal, with};

    #[test]
    fn only_a_qe_report_with_a_certificate_chain_inside_is_read() {
        for kind in [0, 1, 2, 3, 4, 5, 7] {
            let outer = with(move |q| q.outer_certification_type = kind);
            assert_eq!(refusal(&outer), "tdx.quote.certification_data", "outer {kind}");
        }
        for kind in [0, 1, 2, 3, 4, 6, 7] {
            let inner = with(move |q| q.inner_certification_type = kind);
            assert_eq!(refusal(&inner), "tdx.quote.certification_data", "inner {kind}");
        }
    }

    #[test]
    fn authentication_data_of_another_length_is_read_and_bound() {
        for len in [0_u8, 1, 31, 33, 255] {
            super::outcome(&with(move |q| q.authentication_data = (0..len).collect())).unwrap();
        }
    }
}

mod length {
    use cloister_attestation::code::Diagnostic;
    use cloister_attestation::tdx::Quote;

    use super::{guest, outcome, quote, refusal, with};

    fn code(bytes: &[u8]) -> &'static str {
        Quote::parse(bytes).unwrap_err().code().id
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = quote(&guest());
        for len in 0..bytes.len() {
            assert_eq!(code(&bytes[..len]), "tdx.quote.length", "{len}");
        }
    }

    #[test]
    fn zero_padding_is_counted_and_recorded() {
        let verified = outcome(&with(|q| q.trailing = vec![0; 70])).unwrap();
        assert_eq!(verified.quote().padding(), 70);
        let check =
            verified.checks().iter().find(|check| check.code.id == "tdx.quote.trailing").unwrap();
        assert_eq!(check.observed, "70 zero bytes");
    }

    #[test]
    fn anything_else_behind_the_quote_is_refused() {
        assert_eq!(refusal(&with(|q| q.trailing = vec![0, 0, 1])), "tdx.quote.trailing");
        assert_eq!(refusal(&with(|q| q.trailing = vec![1, 0, 0])), "tdx.quote.trailing");
    }

    #[test]
    fn more_than_any_quote_has_is_refused_before_it_is_read() {
        assert_eq!(code(&[0xff; 16 * 1024 + 1]), "tdx.quote.length");
    }

    /// One byte more in a declared size, and the byte: it belongs to no field.
    #[test]
    fn bytes_inside_the_signature_data_that_belong_to_no_field_are_refused() {
        let mut bytes = quote(&guest());
        let declared = 48 + 584;
        let outer = declared + 4 + 64 + 64 + 2;
        for at in [declared, outer] {
            bytes[at] = bytes[at].checked_add(1).unwrap();
        }
        bytes.push(0);
        assert_eq!(code(&bytes), "tdx.quote.trailing");
    }
}
