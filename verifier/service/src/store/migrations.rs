//! The schema's history: applied in order, each once, each in a transaction of its own.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;

use super::StoreError;

/// Never changed once released: their digests are in the databases that ran them.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../../migrations/0001_initial.sql")),
    (2, "issues", include_str!("../../migrations/0002_issues.sql")),
    (3, "machines", include_str!("../../migrations/0003_machines.sql")),
    (4, "trust", include_str!("../../migrations/0004_trust.sql")),
    (5, "policies", include_str!("../../migrations/0005_policies.sql")),
];

pub(super) async fn apply(pool: &SqlitePool) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.iter().map(|(version, description, sql)| {
        let description = Cow::Borrowed(*description);
        Migration::new(*version, description, MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect()).run(pool).await?;
    Ok(())
}
