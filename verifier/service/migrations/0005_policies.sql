-- Appraisal policies: the one with the highest epoch is in force.
CREATE TABLE policies (
    -- The policy epoch that began with it.
    epoch      BIGINT PRIMARY KEY,
    applied_at BIGINT NOT NULL,
    -- Who changed it last: the configuration file, or an operator's call.
    origin     TEXT   NOT NULL CHECK (origin IN ('configuration', 'operator')),
    -- What the configuration or the operator named.
    identity   TEXT   NOT NULL,
    digest     TEXT   NOT NULL,
    document   TEXT   NOT NULL
);

-- The epoch under which leases are issued is `policy_epoch`; leases of an epoch below this one are
-- refused.
ALTER TABLE domain ADD COLUMN policy_epoch_floor BIGINT NOT NULL DEFAULT 1;
UPDATE domain SET policy_epoch_floor = policy_epoch;

-- The epoch of an instance's latest lease.
ALTER TABLE instances ADD COLUMN policy_epoch BIGINT NOT NULL DEFAULT 1;
