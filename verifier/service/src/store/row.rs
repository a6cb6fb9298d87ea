//! Columns as values: SQL has neither unsigned integers nor lists.

use cloister_attestation::time::UnixTime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::StoreError;

/// For a column. Times and sequences stay far below the limit.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// From a column.
pub(super) fn unsigned(row: &SqliteRow, column: &'static str) -> Result<u64, StoreError> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|_| StoreError::corrupt(column, value.to_string()))
}

/// A time, from a column that may have none.
pub(super) fn optional_time(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<UnixTime>, StoreError> {
    let Some(value) = row.try_get::<Option<i64>, _>(column)? else { return Ok(None) };
    let secs = u64::try_from(value).map_err(|_| StoreError::corrupt(column, value.to_string()))?;
    Ok(Some(UnixTime::from_secs(secs)))
}

/// A word that has to be one of a type's, from a column.
pub(super) fn word<T>(
    row: &SqliteRow,
    column: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let text: String = row.try_get(column)?;
    read(&text).ok_or_else(|| StoreError::corrupt(column, text))
}

/// A value as JSON, for a column.
pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt("json", error.to_string()))
}

/// A value that was written by [`json`].
pub(super) fn from_json<T: DeserializeOwned>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<T, StoreError> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|_| StoreError::corrupt(column, text))
}
