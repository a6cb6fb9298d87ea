//! Machines that were admitted once, as they attested last.

use std::collections::BTreeMap;

use cloister_attestation::forecast::{Machine, MachineTcb};
use cloister_attestation::time::UnixTime;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use super::{Admitted, Store, StoreError, Write, row};

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineRecord {
    /// Chip, PPID or provider, as far as the Evidence tells machines apart.
    pub id: String,
    /// `snp` or `tdx`.
    pub tee: String,
    /// The processor generation or family.
    pub product: String,
    /// Whether a software TEE signed.
    pub simulated: bool,
    /// The agent that ran there last.
    pub agent: String,
    /// What it attested last.
    pub attested: Machine,
    /// When it was admitted first.
    pub first_seen_at: UnixTime,
}

impl MachineRecord {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            tee: row.try_get("tee")?,
            product: row.try_get("product")?,
            simulated: row.try_get("simulated")?,
            agent: row.try_get("agent")?,
            attested: row::from_json(row, "attested")?,
            first_seen_at: UnixTime::from_secs(row::unsigned(row, "first_seen_at")?),
        })
    }
}

impl Store {
    /// Every machine, the one that attested longest ago first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn machines(&self) -> Result<Vec<MachineRecord>, StoreError> {
        let sql = "SELECT * FROM machines ORDER BY last_seen_at, id";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await?;
        rows.iter().map(MachineRecord::read).collect()
    }
}

/// Puts on record what the machines of `admitted` attested; of one machine, what came last.
pub(super) async fn seen(write: &mut Write, admitted: &[&Admitted]) -> Result<(), StoreError> {
    let seen: BTreeMap<String, (&Machine, &Admitted)> = admitted
        .iter()
        .filter_map(|it| it.machine.as_ref().map(|machine| (machine.id(), (machine, *it))))
        .collect();
    if seen.is_empty() {
        return Ok(());
    }
    let attested = seen.values().map(|(machine, _)| row::json(machine));
    let attested = attested.collect::<Result<Vec<String>, _>>()?;
    let mut sql = QueryBuilder::new(
        "INSERT INTO machines
             (id, tee, product, simulated, agent, attested, first_seen_at, last_seen_at) ",
    );
    sql.push_values(seen.into_iter().zip(attested), |mut row, ((id, (machine, by)), attested)| {
        let at = row::signed(machine.last_seen.as_secs());
        row.push_bind(id)
            .push_bind(tee(&machine.tcb))
            .push_bind(machine.product().to_string())
            .push_bind(by.simulated)
            .push_bind(by.agent.clone())
            .push_bind(attested)
            .push_bind(at)
            .push_bind(at);
    });
    sql.push(
        " ON CONFLICT (id) DO UPDATE SET
             tee = excluded.tee, product = excluded.product,
             simulated = excluded.simulated, agent = excluded.agent,
             attested = excluded.attested, last_seen_at = excluded.last_seen_at",
    );
    sql.build().execute(&mut **write).await?;
    Ok(())
}

const fn tee(tcb: &MachineTcb) -> &'static str {
    match tcb {
        MachineTcb::Snp { .. } => "snp",
        MachineTcb::Tdx { .. } => "tdx",
        // Whatever a later core knows is not taken for one of the two.
        _ => "other",
    }
}
