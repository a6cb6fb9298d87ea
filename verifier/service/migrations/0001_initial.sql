-- Times are seconds since 1970-01-01T00:00:00Z, digests lower-case hex, lists JSON. The dialect is
-- kept to what SQLite and PostgreSQL share.

-- What this database belongs to. One row.
CREATE TABLE domain (
    id           BIGINT PRIMARY KEY CHECK (id = 1),
    trust_domain TEXT   NOT NULL,
    -- Leases of an older epoch are refused.
    policy_epoch BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);

-- Reference Values, one row for each whole tuple.
CREATE TABLE images (
    tuple       TEXT   PRIMARY KEY,
    image       TEXT   NOT NULL,
    version     TEXT   NOT NULL,
    manifest    TEXT   NOT NULL,
    tee         TEXT   NOT NULL,
    shape       TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('admitted', 'retired', 'revoked')),
    admitted_at BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL
);
CREATE INDEX images_by_manifest ON images (manifest);

CREATE TABLE agents (
    name       TEXT   PRIMARY KEY,
    state      TEXT   NOT NULL CHECK (state IN ('active', 'quarantined', 'retired')),
    reason     TEXT   NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Boots of runtimes that hold or held a lease.
CREATE TABLE instances (
    instance         TEXT    PRIMARY KEY,
    agent            TEXT    NOT NULL REFERENCES agents (name),
    tuple            TEXT    NOT NULL REFERENCES images (tuple),
    endpoint         TEXT    NOT NULL,
    simulated        BOOLEAN NOT NULL,
    tier             TEXT    NOT NULL,
    platform         TEXT    NOT NULL,
    not_asserted     TEXT    NOT NULL,
    -- The latest Attestation Result.
    result           TEXT    NOT NULL,
    first_seen_at    BIGINT  NOT NULL,
    lease_expires_at BIGINT  NOT NULL,
    -- Why its leases are revoked, as a stable code; null while they are not.
    revocation       TEXT
);
CREATE INDEX instances_by_agent ON instances (agent);
CREATE INDEX instances_by_tuple ON instances (tuple);
CREATE INDEX instances_by_expiry ON instances (lease_expires_at);

-- Challenges that a lease was issued for: each buys one.
CREATE TABLE spent_challenges (
    nonce      TEXT   PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

-- What was concluded about Evidence, admitted or refused.
CREATE TABLE verdicts (
    id       TEXT   PRIMARY KEY,
    at       BIGINT NOT NULL,
    outcome  TEXT   NOT NULL CHECK (outcome IN ('admitted', 'refused')),
    -- As claimed in the manifest; null where it could not be read. Authentic only if admitted.
    agent    TEXT,
    instance TEXT,
    evidence TEXT   NOT NULL,
    -- The Attestation Result if there is one, else the findings.
    detail   TEXT   NOT NULL
);
CREATE INDEX verdicts_by_time ON verdicts (at);

-- What operators did.
CREATE TABLE operations (
    id      TEXT   PRIMARY KEY,
    at      BIGINT NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    detail  TEXT   NOT NULL
);
CREATE INDEX operations_by_time ON operations (at);

-- What watchers are told, numbered without gaps.
CREATE TABLE events (
    sequence     BIGINT PRIMARY KEY,
    at           BIGINT NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind IN ('revoked', 'restored', 'policy_epoch')),
    agent        TEXT,
    instance     TEXT,
    reason       TEXT,
    forget_after BIGINT,
    floor        BIGINT
);
