-- Watchers are told when keys or issuers change: one more kind of event. A constraint cannot be
-- changed in place.
CREATE TABLE events_of_every_kind (
    sequence     BIGINT PRIMARY KEY,
    at           BIGINT NOT NULL,
    kind         TEXT   NOT NULL
                 CHECK (kind IN ('revoked', 'restored', 'policy_epoch', 'trust')),
    agent        TEXT,
    instance     TEXT,
    reason       TEXT,
    forget_after BIGINT,
    floor        BIGINT
);
INSERT INTO events_of_every_kind
    (sequence, at, kind, agent, instance, reason, forget_after, floor)
    SELECT sequence, at, kind, agent, instance, reason, forget_after, floor FROM events;
DROP TABLE events;
ALTER TABLE events_of_every_kind RENAME TO events;

-- Digest of the keys and issuers that were announced last.
ALTER TABLE domain ADD COLUMN announced_trust TEXT NOT NULL DEFAULT '';
