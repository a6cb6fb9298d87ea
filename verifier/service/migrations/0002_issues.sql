-- The newest issue of every signed document that Evidence was verified with: older ones are refused.
CREATE TABLE issues (
    -- The root that it ends at, the evaluation that is asked for, and which document.
    document  TEXT   PRIMARY KEY,
    issued_at BIGINT NOT NULL,
    -- tcbEvaluationDataNumber or cRLNumber; null where the document has none.
    number    BIGINT
);

-- Refusals are pruned by number, newest kept.
CREATE INDEX verdicts_by_outcome ON verdicts (outcome, at, id);
