//! The schema's history: applied in order, each once, each in a transaction of its own.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;

use super::StoreError;

/// A version, what it is about, and its SQL.
type Step = (i64, &'static str, &'static str);

/// Never changed once released: their digests are in the databases that ran them.
const MIGRATIONS: &[Step] = &[
    (1, "initial", include_str!("../../migrations/0001_initial.sql")),
    (2, "issues", include_str!("../../migrations/0002_issues.sql")),
    (3, "machines", include_str!("../../migrations/0003_machines.sql")),
    (4, "trust", include_str!("../../migrations/0004_trust.sql")),
    (5, "policies", include_str!("../../migrations/0005_policies.sql")),
    (7, "checkpoints", include_str!("../../migrations/0007_checkpoints.sql")),
    (8, "verdicts", include_str!("../../migrations/0008_verdicts.sql")),
    (9, "publications", include_str!("../../migrations/0009_publications.sql")),
    (10, "roll over", include_str!("../../migrations/0010_roll_over.sql")),
    (11, "newest images", include_str!("../../migrations/0011_newest_images.sql")),
];

pub(super) async fn apply(pool: &SqlitePool) -> Result<(), StoreError> {
    run(pool, MIGRATIONS.iter()).await
}

async fn run(
    pool: &SqlitePool,
    steps: impl Iterator<Item = &'static Step>,
) -> Result<(), StoreError> {
    let migrations = steps.map(|(version, description, sql)| {
        let description = Cow::Borrowed(*description);
        Migration::new(*version, description, MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect()).run(pool).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

    use super::{MIGRATIONS, run};

    /// A database as the versions before `version` left it.
    async fn before(version: i64) -> SqlitePool {
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await;
        let pool = pool.unwrap();
        run(&pool, MIGRATIONS.iter().filter(|(step, ..)| *step < version)).await.unwrap();
        pool
    }

    #[tokio::test]
    async fn an_instance_keeps_the_result_of_its_latest_lease_over_the_upgrade() {
        let pool = before(8).await;
        for sql in [
            "INSERT INTO images
                 (tuple, image, version, manifest, tee, shape, state, admitted_at, changed_at)
                 VALUES ('t', 'i', '1', 'm', 'snp', '{}', 'admitted', 1, 1)",
            "INSERT INTO agents (name, state, reason, changed_at) VALUES ('a', 'active', '', 1)",
            "INSERT INTO instances
                 (instance, agent, tuple, endpoint, simulated, tier, platform, not_asserted,
                  result, first_seen_at, lease_expires_at)
                 VALUES ('i1', 'a', 't', 'e', 1, 'warning', 'p', '[]', '{\"at\":2}', 1, 9),
                        ('i2', 'a', 't', 'e', 1, 'warning', 'p', '[]', '{\"at\":3}', 3, 9)",
            "INSERT INTO verdicts (id, at, outcome, agent, instance, evidence, detail)
                 VALUES ('v1', 1, 'admitted', 'a', 'i1', '00', '{\"at\":1}'),
                        ('v2', 2, 'admitted', 'a', 'i1', '00', '{\"at\":2}'),
                        ('v3', 3, 'refused', 'a', 'i2', '00', '{\"at\":3}'),
                        ('v4', 3, 'admitted', 'a', 'i2', '00', '{\"at\":3}')",
        ] {
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        run(&pool, MIGRATIONS.iter()).await.unwrap();
        let named: Vec<(String, String)> =
            sqlx::query_as("SELECT instance, verdict FROM instances ORDER BY instance")
                .fetch_all(&pool)
                .await
                .unwrap();
        let expected = [("i1", "v2"), ("i2", "v4")].map(|(i, v)| (i.to_owned(), v.to_owned()));
        assert_eq!(named, expected);
    }
}
