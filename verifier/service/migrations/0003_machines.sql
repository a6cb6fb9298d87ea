-- Machines that were admitted once, as their latest Evidence describes them.
CREATE TABLE machines (
    -- Chip, PPID or provider, as far as the Evidence tells machines apart.
    id            TEXT    PRIMARY KEY,
    tee           TEXT    NOT NULL,
    product       TEXT    NOT NULL,
    simulated     BOOLEAN NOT NULL,
    -- The agent that ran there last.
    agent         TEXT    NOT NULL REFERENCES agents (name),
    -- Identity, TCB and certificates, JSON.
    attested      TEXT    NOT NULL,
    first_seen_at BIGINT  NOT NULL,
    last_seen_at  BIGINT  NOT NULL
);
