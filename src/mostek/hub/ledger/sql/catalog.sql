-- name: put_connection
INSERT INTO connection (workspace, slug, connector, settings, secrets, created)
VALUES (:workspace, :slug, :connector, :settings, :secrets, {now})
ON CONFLICT (workspace, slug) DO UPDATE SET settings = excluded.settings, secrets = excluded.secrets, problem = NULL,
    state = 'active' WHERE connection.connector = excluded.connector RETURNING id;

-- name: connections
SELECT id, workspace, slug, connector, settings, secrets, state, usage, problem FROM connection ORDER BY id;

-- name: connection
SELECT id, workspace, slug, connector, settings, secrets, state, usage, problem FROM connection WHERE id = :id;

-- name: put_feed
INSERT INTO feed (workspace, connection, name, every, since) VALUES (:workspace, :connection, :name, :every, :since)
ON CONFLICT (connection, name) DO UPDATE SET every = excluded.every;

-- name: feeds
SELECT f.id, f.name, f.connection, f.every, f.since, f.watermark, f.passes, f.problem, f.last_ok, f.due - {now} AS due_ms,
    f.lease > {now} AS reading, c.slug, c.state FROM feed f JOIN connection c ON c.id = f.connection ORDER BY f.id;

-- name: set_since
UPDATE feed SET since = :since WHERE connection = :connection AND passes = 0;

-- name: widen_since
UPDATE feed SET since = :since, cursor = '', due = 0, passes = 0, watermark = NULL WHERE connection = :connection
AND since IS NOT NULL AND (CAST(:since AS TEXT) IS NULL OR since > CAST(:since AS TEXT));

-- name: flows_from
SELECT id FROM flow WHERE source = :connection AND id <> :flow LIMIT 1;

-- name: drop_flow_kinds
DELETE FROM flow_kind WHERE flow = :flow;

-- name: put_endpoint
INSERT INTO endpoint (connection, workspace) VALUES (:connection, :workspace) ON CONFLICT DO NOTHING;

-- name: add_flow
INSERT INTO flow (workspace, slug, source, target, state, version) VALUES (:workspace, :slug, :source, :target, :state, 1)
ON CONFLICT DO NOTHING RETURNING id;

-- name: put_flow_version
INSERT INTO flow_version (flow, version, workspace, policy, saved) VALUES (:flow, :version, :workspace, :policy, {now});

-- name: put_flow_kinds
INSERT INTO flow_kind (flow, kind, source, workspace) SELECT CAST(:flow AS BIGINT), v.kind, CAST(:source AS BIGINT), CAST(:workspace AS INTEGER)
FROM {rows v kinds: kind text} WHERE true ON CONFLICT DO NOTHING;

-- name: open_flow
INSERT INTO passage (workspace, flow, case_id, revision, lane) SELECT DISTINCT r.workspace, CAST(:flow AS BIGINT), r.case_id, 1, 1
FROM record r JOIN feed f ON f.id = r.feed JOIN flow_kind k ON k.source = f.connection AND k.kind = r.kind
WHERE k.flow = :flow ON CONFLICT DO NOTHING;

-- name: flows
SELECT f.id, f.workspace, f.slug, f.source, f.target, f.state, f.version, v.policy FROM flow f
JOIN flow_version v ON v.flow = f.id AND v.version = f.version ORDER BY f.id;

-- name: set_flow_state
UPDATE flow SET state = :state WHERE id = :flow;

-- name: set_flow_version
UPDATE flow SET version = :version WHERE id = :flow;

-- name: revise_flow
UPDATE passage SET revision = revision + 1 WHERE flow = :flow
AND (planned < revision OR id IN (SELECT passage FROM decision WHERE state IN ('waiting', 'parked', 'excluded')));

-- name: installation
SELECT name, value FROM installation;
