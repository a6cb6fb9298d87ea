//! The newest issue of every document that was seen, so that none goes back.

use cloister_attestation::publication::Issue;
use cloister_attestation::time::UnixTime;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, Write, row};

/// The newest issue that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `issueDate` or `thisUpdate`.
    pub issued_at: UnixTime,
    /// `tcbEvaluationDataNumber` or `cRLNumber`.
    pub number: Option<u64>,
}

impl Seen {
    /// As an issue of the same document as `issue`, to compare with it.
    #[must_use]
    pub const fn as_issue(self, issue: &Issue) -> Issue {
        Issue { document: issue.document, issued_at: self.issued_at, number: self.number }
    }

    /// The later of both in each respect.
    #[must_use]
    pub fn and(self, issue: &Issue) -> Self {
        Self {
            issued_at: self.issued_at.max(issue.issued_at),
            number: self.number.max(issue.number),
        }
    }

    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let number: Option<i64> = row.try_get("number")?;
        let number = match number {
            None => None,
            Some(_) => Some(row::unsigned(row, "number")?),
        };
        Ok(Self { issued_at: UnixTime::from_secs(row::unsigned(row, "issued_at")?), number })
    }
}

impl From<&Issue> for Seen {
    fn from(issue: &Issue) -> Self {
        Self { issued_at: issue.issued_at, number: issue.number }
    }
}

impl Store {
    /// Everything that was seen, by the document's key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn issues(&self) -> Result<Vec<(String, Seen)>, StoreError> {
        let sql = "SELECT document, issued_at, number FROM issues";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("document")?, Seen::read(row)?))).collect()
    }

    /// Remembers `issues`, each with its document's key. Returns what was seen of each; where one
    /// of them is before what was seen, nothing is written.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn see(&self, issues: &[(String, Issue)]) -> Result<Vec<Seen>, StoreError> {
        let mut write = self.write().await?;
        let mut known = Vec::with_capacity(issues.len());
        for (document, issue) in issues {
            known.push(seen(&mut write, document).await?.unwrap_or_else(|| issue.into()));
        }
        let pairs = || issues.iter().zip(&known);
        if pairs().any(|((_, issue), seen)| issue.is_before(&seen.as_issue(issue))) {
            return Ok(known);
        }
        for ((document, issue), seen) in pairs() {
            upsert(&mut write, document, seen.and(issue)).await?;
        }
        write.commit().await?;
        Ok(known)
    }
}

async fn seen(write: &mut Write, document: &str) -> Result<Option<Seen>, StoreError> {
    let sql = "SELECT issued_at, number FROM issues WHERE document = $1";
    let row = sqlx::query(sql).bind(document).fetch_optional(&mut **write).await?;
    row.as_ref().map(Seen::read).transpose()
}

async fn upsert(write: &mut Write, document: &str, seen: Seen) -> Result<(), StoreError> {
    let sql = "INSERT INTO issues (document, issued_at, number) VALUES ($1, $2, $3)
               ON CONFLICT (document) DO UPDATE SET
                   issued_at = excluded.issued_at, number = excluded.number";
    sqlx::query(sql)
        .bind(document)
        .bind(row::signed(seen.issued_at.as_secs()))
        .bind(seen.number.map(row::signed))
        .execute(&mut **write)
        .await?;
    Ok(())
}
