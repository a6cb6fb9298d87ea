-- Authorization policies that were published to runtimes. For an agent counts the one with the
-- highest number that is for it or for every agent.
CREATE TABLE publications (
    number       BIGINT PRIMARY KEY,
    published_at BIGINT NOT NULL,
    -- NULL for every agent.
    agent        TEXT,
    digest       TEXT   NOT NULL,
    policies     BIGINT NOT NULL,
    bundle       TEXT   NOT NULL
);

-- Whether the measured manifest of an instance lets the Verifier change its policy.
ALTER TABLE instances ADD COLUMN takes_policies BOOLEAN NOT NULL DEFAULT FALSE;

-- Watchers are told of publications: one more kind of event, with its number in `floor`. A
-- constraint cannot be changed in place.
CREATE TABLE events_with_publications (
    sequence     BIGINT PRIMARY KEY,
    at           BIGINT NOT NULL,
    kind         TEXT   NOT NULL
                 CHECK (kind IN ('revoked', 'restored', 'policy_epoch', 'trust', 'published')),
    agent        TEXT,
    instance     TEXT,
    reason       TEXT,
    forget_after BIGINT,
    floor        BIGINT
);
INSERT INTO events_with_publications
    (sequence, at, kind, agent, instance, reason, forget_after, floor)
    SELECT sequence, at, kind, agent, instance, reason, forget_after, floor FROM events;
DROP TABLE events;
ALTER TABLE events_with_publications RENAME TO events;
