-- An Attestation Result is on record once, as the detail of its verdict: instances name the one of
-- their latest lease.
ALTER TABLE instances ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
UPDATE instances SET verdict = verdicts.id FROM verdicts
    WHERE verdicts.outcome = 'admitted' AND verdicts.instance = instances.instance
      AND verdicts.detail = instances.result;
ALTER TABLE instances DROP COLUMN result;

-- Refusals are pruned by number, newest kept. Admissions need no place in that order.
DROP INDEX verdicts_by_outcome;
CREATE INDEX refusals_by_time ON verdicts (at, id) WHERE outcome = 'refused';
