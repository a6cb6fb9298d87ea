-- Checkpoints that runtimes showed of their audit logs. The newest of an instance is what the next has
-- to extend; the others are kept for a while, to compare with what its peers were shown.
CREATE TABLE checkpoints (
    instance    TEXT   NOT NULL,
    -- Records in the log.
    size        BIGINT NOT NULL,
    agent       TEXT   NOT NULL,
    root        TEXT   NOT NULL,
    signed_at   BIGINT NOT NULL,
    -- As it was signed.
    signed      TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (instance, size)
);

-- Two checkpoints that are not shown to be of one log: of each instance the first for each reason.
CREATE TABLE audit_conflicts (
    instance TEXT   NOT NULL,
    reason   TEXT   NOT NULL,
    agent    TEXT   NOT NULL,
    held     TEXT   NOT NULL,
    shown    TEXT   NOT NULL,
    -- The instance that it was shown to; null where the runtime showed it to the Verifier itself.
    witness  TEXT,
    at       BIGINT NOT NULL,
    PRIMARY KEY (instance, reason)
);
