-- Times are milliseconds since 1970 by the database's clock; amounts are minor units with their currency beside them.
CREATE TABLE workspace (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO workspace (id, name) VALUES (1, 'default');

CREATE TABLE connection (
    id {id}, workspace INTEGER NOT NULL REFERENCES workspace, slug TEXT NOT NULL, connector TEXT NOT NULL,
    settings TEXT NOT NULL, secrets TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'active', usage TEXT NOT NULL DEFAULT '{}',
    problem TEXT, created BIGINT NOT NULL, UNIQUE (workspace, slug)
);

-- A feed is read by whoever holds its lease; the fence grows with each lease, so a late writer is refused.
CREATE TABLE feed (
    id {id}, workspace INTEGER NOT NULL REFERENCES workspace, connection BIGINT NOT NULL REFERENCES connection,
    name TEXT NOT NULL, cursor TEXT NOT NULL DEFAULT '', since TEXT, every BIGINT NOT NULL, due BIGINT NOT NULL DEFAULT 0,
    watermark BIGINT, passes BIGINT NOT NULL DEFAULT 0, last_ok BIGINT, problem TEXT,
    owner TEXT, lease BIGINT NOT NULL DEFAULT 0, fence BIGINT NOT NULL DEFAULT 0, UNIQUE (connection, name)
);

CREATE TABLE cases (
    id {id}, workspace INTEGER NOT NULL REFERENCES workspace, connection BIGINT NOT NULL REFERENCES connection,
    root TEXT NOT NULL, UNIQUE (connection, root)
);

CREATE TABLE record (
    id {id}, workspace INTEGER NOT NULL REFERENCES workspace, feed BIGINT NOT NULL REFERENCES feed,
    case_id BIGINT NOT NULL REFERENCES cases, kind TEXT NOT NULL, source_id TEXT NOT NULL, version INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, payload TEXT NOT NULL, number TEXT NOT NULL, currency TEXT, total BIGINT, dated TEXT,
    changed BIGINT NOT NULL, UNIQUE (feed, kind, source_id)
);
CREATE INDEX record_case ON record (case_id);
CREATE INDEX record_number ON record (feed, number);

CREATE TABLE record_version (
    record BIGINT NOT NULL REFERENCES record, version INTEGER NOT NULL, workspace INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, payload TEXT NOT NULL, replaced BIGINT NOT NULL, PRIMARY KEY (record, version)
);

CREATE TABLE flow (
    id {id}, workspace INTEGER NOT NULL REFERENCES workspace, slug TEXT NOT NULL,
    source BIGINT NOT NULL REFERENCES connection, target BIGINT NOT NULL REFERENCES connection,
    state TEXT NOT NULL, version INTEGER NOT NULL, UNIQUE (workspace, slug)
);
-- Flows that are planned: neither paused nor into a system that only its owner can bring back.
CREATE VIEW working_flow AS SELECT f.id FROM flow f JOIN connection c ON c.id = f.target
    WHERE f.state <> 'paused' AND c.state = 'active';
CREATE TABLE flow_version (
    flow BIGINT NOT NULL REFERENCES flow, version INTEGER NOT NULL, workspace INTEGER NOT NULL, policy TEXT NOT NULL,
    saved BIGINT NOT NULL, PRIMARY KEY (flow, version)
);
CREATE TABLE flow_kind (
    flow BIGINT NOT NULL REFERENCES flow, kind TEXT NOT NULL, source BIGINT NOT NULL, workspace INTEGER NOT NULL,
    PRIMARY KEY (flow, kind)
);
CREATE INDEX flow_kind_source ON flow_kind (source, kind);

-- revision grows when something the decision rests on changed; planned is the revision that was decided on.
CREATE TABLE passage (
    id {id}, workspace INTEGER NOT NULL REFERENCES workspace, flow BIGINT NOT NULL REFERENCES flow,
    case_id BIGINT NOT NULL REFERENCES cases, revision BIGINT NOT NULL, planned BIGINT NOT NULL DEFAULT 0,
    lane INTEGER NOT NULL, crashes INTEGER NOT NULL DEFAULT 0,
    owner TEXT, lease BIGINT NOT NULL DEFAULT 0, fence BIGINT NOT NULL DEFAULT 0, UNIQUE (flow, case_id)
);
CREATE INDEX passage_open ON passage (flow, lane, id) WHERE planned < revision;
CREATE INDEX passage_case ON passage (case_id);

-- What was decided for one record in one passage. state: waiting, in_doubt, parked, excluded, done.
CREATE TABLE decision (
    passage BIGINT NOT NULL REFERENCES passage, record BIGINT NOT NULL REFERENCES record, workspace INTEGER NOT NULL,
    verdict TEXT NOT NULL, state TEXT NOT NULL, cause TEXT NOT NULL, problem TEXT NOT NULL, rule TEXT NOT NULL,
    version INTEGER NOT NULL, wait_key TEXT, wait_until BIGINT, by_person TEXT, changed BIGINT NOT NULL,
    PRIMARY KEY (passage, record)
);
CREATE INDEX decision_wait ON decision (wait_key) WHERE wait_key IS NOT NULL;
CREATE INDEX decision_until ON decision (wait_until) WHERE wait_until IS NOT NULL;
CREATE INDEX decision_state ON decision (state, cause);

CREATE TABLE endpoint (
    connection BIGINT PRIMARY KEY REFERENCES connection, workspace INTEGER NOT NULL, not_before BIGINT NOT NULL DEFAULT 0,
    problem TEXT, owner TEXT, lease BIGINT NOT NULL DEFAULT 0, fence BIGINT NOT NULL DEFAULT 0
);

-- state: blocked (needs others), ready, sent (intent committed), unknown, accepted, done, parked (surely not in the
-- target), alarm (in the target, and wrong or more than once).
-- The payload is rendered with the plan and never changes once it is sent.
CREATE TABLE action (
    key TEXT PRIMARY KEY, workspace INTEGER NOT NULL, endpoint BIGINT NOT NULL REFERENCES endpoint,
    flow BIGINT NOT NULL REFERENCES flow, passage BIGINT NOT NULL REFERENCES passage,
    record BIGINT NOT NULL REFERENCES record, place INTEGER NOT NULL, lane INTEGER NOT NULL, role TEXT NOT NULL, verb TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    digest TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL DEFAULT 0, sent BIGINT, settles BIGINT, fence BIGINT NOT NULL DEFAULT 0,
    target_id TEXT, target_number TEXT, cause TEXT, problem TEXT, words TEXT, verified BIGINT, changed BIGINT NOT NULL
);
CREATE INDEX action_queue ON action (endpoint, flow, lane, passage, place) WHERE state = 'ready';
CREATE INDEX action_open ON action (endpoint, state) WHERE state IN ('sent', 'unknown', 'accepted');
CREATE INDEX action_unverified ON action (endpoint, changed) WHERE state = 'done' AND verified IS NULL;
CREATE INDEX action_passage ON action (passage, record);

CREATE TABLE need (action TEXT NOT NULL, needs TEXT NOT NULL, workspace INTEGER NOT NULL, PRIMARY KEY (needs, action));
CREATE INDEX need_action ON need (action);

-- Who did what, with secrets left out.
CREATE TABLE audit (
    id {id}, workspace INTEGER NOT NULL, at BIGINT NOT NULL, person TEXT NOT NULL, command TEXT NOT NULL, request TEXT NOT NULL
);

-- Record A of the source is record B of the target.
CREATE VIEW link AS SELECT a.workspace, a.key, a.kind, f.connection AS source, r.source_id, a.endpoint AS target, a.target_id,
    a.target_number FROM action a JOIN record r ON r.id = a.record JOIN feed f ON f.id = r.feed
    WHERE a.verb = 'create' AND a.target_id IS NOT NULL;
