//! The TD report inside a quote, field by field.

use cloister_attestation::bytes::ReportData;

use super::{QuoteFormat, TdxGuest};

/// Every field of a TD report, named as in the specification.
///
/// SPEC: TDX module ABI 348551, `TDREPORT_STRUCT`; DCAP quote versions 4 and 5, TD report bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the specification's, under its names")]
pub struct TdFields {
    pub tee_tcb_svn: [u8; 16],
    pub mr_seam: [u8; 48],
    pub mr_signer_seam: [u8; 48],
    pub seam_attributes: [u8; 8],
    pub td_attributes: [u8; 8],
    pub xfam: [u8; 8],
    pub mr_td: [u8; 48],
    pub mr_config_id: [u8; 48],
    pub mr_owner: [u8; 48],
    pub mr_owner_config: [u8; 48],
    pub rtmr: [[u8; 48]; 4],
    pub report_data: [u8; 64],
    /// Written in bodies 1.5 and 1.5ex.
    pub tee_tcb_svn_2: [u8; 16],
    /// Written in bodies 1.5 and 1.5ex.
    pub mr_service_td: [u8; 48],
    /// Written in body 1.5ex: VM index, TD id, device information, service TDs, initial TCB.
    pub extended: [u8; EXTENDED_LEN],
}

/// What body 1.5ex adds to body 1.5.
const EXTENDED_LEN: usize = 237;

/// TDX module 1.5 with security version 6, SEAM loader and microcode as in the TCB info.
pub(super) const TEE_TCB_SVN: [u8; 16] = [6, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// `SEPT_VE_DISABLE`, bit 28.
const TD_ATTRIBUTES: [u8; 8] = [0, 0, 0, 0x10, 0, 0, 0, 0];

/// x87, SSE, AVX, AVX-512, PKRU, AMX: what servers of this generation offer.
const XFAM: [u8; 8] = [0xe7, 0x02, 0x06, 0, 0, 0, 0, 0];

impl TdFields {
    /// What an honest module reports about `guest`.
    pub(super) fn of(guest: &TdxGuest, report_data: &ReportData) -> Self {
        Self {
            tee_tcb_svn: TEE_TCB_SVN,
            mr_seam: guest.pki.stream("intel/mr-seam").array(),
            mr_signer_seam: [0; 48],
            seam_attributes: [0; 8],
            td_attributes: TD_ATTRIBUTES,
            xfam: XFAM,
            mr_td: *guest.mr_td.as_bytes(),
            mr_config_id: [0; 48],
            mr_owner: [0; 48],
            mr_owner_config: [0; 48],
            rtmr: guest.rtmr.map(|register| *register.as_bytes()),
            report_data: *report_data.as_bytes(),
            tee_tcb_svn_2: TEE_TCB_SVN,
            mr_service_td: [0; 48],
            extended: [0; EXTENDED_LEN],
        }
    }

    /// The body in the given format.
    pub(super) fn encode(&self, format: QuoteFormat) -> Vec<u8> {
        let mut body = [
            self.tee_tcb_svn.as_slice(),
            &self.mr_seam,
            &self.mr_signer_seam,
            &self.seam_attributes,
            &self.td_attributes,
            &self.xfam,
            &self.mr_td,
            &self.mr_config_id,
            &self.mr_owner,
            &self.mr_owner_config,
            self.rtmr.as_flattened(),
            &self.report_data,
        ]
        .concat();
        match format {
            QuoteFormat::V4 | QuoteFormat::V5Td10 => {}
            QuoteFormat::V5Td15 => self.write_15(&mut body),
            QuoteFormat::V5Td15Ex => {
                self.write_15(&mut body);
                body.extend_from_slice(&self.extended);
            }
        }
        body
    }

    fn write_15(&self, body: &mut Vec<u8>) {
        body.extend_from_slice(&self.tee_tcb_svn_2);
        body.extend_from_slice(&self.mr_service_td);
    }
}

#[cfg(test)]
mod tests {
    use cloister_attestation::bytes::ReportData;
    use cloister_attestation::time::UnixTime;

    use super::{QuoteFormat, TdFields};
    use crate::{Pki, TdxGuest};

    #[test]
    fn bodies_have_the_lengths_that_intel_gives() {
        let guest = TdxGuest::new(&Pki::from_seed("lengths", UnixTime::from_secs(0)));
        let fields = TdFields::of(&guest, &ReportData::new([0; 64]));
        let lengths = [
            (QuoteFormat::V4, 584),
            (QuoteFormat::V5Td10, 584),
            (QuoteFormat::V5Td15, 648),
            (QuoteFormat::V5Td15Ex, 885),
        ];
        for (format, length) in lengths {
            assert_eq!(fields.encode(format).len(), length, "{format:?}");
        }
    }
}
