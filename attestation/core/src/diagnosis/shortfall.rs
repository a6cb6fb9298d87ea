//! A TCB that is short: which component, by how much, and what carries the update.

use serde::Serialize;

use crate::snp::Tcb;
use crate::tdx::TcbStatus;
use crate::time::UnixTime;

/// One component below what is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shortfall {
    /// Its name, as the vendor has it.
    pub component: String,
    /// Its security version now.
    pub have: u16,
    /// The least that is enough.
    pub need: u16,
    /// What brings the update.
    pub carried_by: String,
}

/// How far a TDX platform is from the newest level that Intel calls up to date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TcbGap {
    /// Intel's word for the platform's own level; `None` if it meets no published level.
    pub status: Option<TcbStatus>,
    /// The date of the level that is needed: firmware released since then carries it.
    #[serde(serialize_with = "as_text")]
    pub needed_tcb_date: UnixTime,
    /// Advisories that apply now and no longer apply at the level that is needed.
    pub advisories: Vec<String>,
    /// What is short. Empty where the configuration, and no version, is what Intel minds.
    pub components: Vec<Shortfall>,
}

fn as_text<S: serde::Serializer>(time: &UnixTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// The secure processor's own firmware comes with the platform's.
const BIOS: &str = "a BIOS update with a newer AGESA";
const SEV_FIRMWARE: &str = "an SEV firmware update by the host's system, or a BIOS update";
const MICROCODE: &str = "a microcode update by the host's system, or a BIOS update";

impl Tcb {
    /// The components that are below `floor`'s, by AMD's names.
    // SPEC: AMD 56860 section 2.2 for the components; AMD SEV firmware notes for their carriers.
    #[must_use]
    pub fn shortfalls(&self, floor: &Self) -> Vec<Shortfall> {
        let fmc = self.fmc.zip(floor.fmc).map(|(have, need)| ("FMC", have, need, BIOS));
        let others = [
            ("BOOT_LOADER", self.boot_loader, floor.boot_loader, BIOS),
            ("TEE", self.tee, floor.tee, BIOS),
            ("SNP", self.snp, floor.snp, SEV_FIRMWARE),
            ("MICROCODE", self.microcode, floor.microcode, MICROCODE),
        ];
        let all = fmc.into_iter().chain(others);
        all.filter(|(_, have, need, _)| have < need)
            .map(|(name, have, need, carrier)| Shortfall {
                component: name.to_owned(),
                have: have.into(),
                need: need.into(),
                carried_by: carrier.to_owned(),
            })
            .collect()
    }
}
