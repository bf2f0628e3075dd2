-- name: put_connection
INSERT INTO connection (workspace, slug, connector, settings, secrets, created)
VALUES (:workspace, :slug, :connector, :settings, :secrets, {now})
ON CONFLICT (workspace, slug) DO UPDATE SET settings = excluded.settings, secrets = excluded.secrets, problem = NULL,
    state = CASE WHEN connection.state = 'paused' THEN 'paused' ELSE 'active' END WHERE connection.connector = excluded.connector RETURNING id;

-- name: connections
SELECT id, workspace, slug, connector, settings, secrets, state, usage, problem FROM connection
WHERE state <> 'removed' ORDER BY id;

-- name: connection
SELECT id, workspace, slug, connector, settings, secrets, state, usage, problem FROM connection WHERE id = :id;

-- name: put_feed
INSERT INTO feed (workspace, connection, name, every, on_demand) VALUES (:workspace, :connection, :name, :every, :on_demand)
ON CONFLICT (connection, name) DO NOTHING;

-- name: feeds
SELECT f.id, f.name, f.connection, f.every, f.since, f.watermark, f.passes, f.problem, f.last_ok, f.due - {now} AS due_ms,
    f.lease > {now} AS reading, f.id IN (SELECT w.id FROM wanted_feed w) AS wanted, f.timetable, c.slug, c.state FROM feed f JOIN connection c ON c.id = f.connection
WHERE c.state <> 'removed' ORDER BY f.id;

-- name: set_since
UPDATE feed SET since = :since WHERE connection = :connection AND passes = 0;

-- name: widen_since
UPDATE feed SET since = :since, cursor = '', due = 0, passes = 0, watermark = NULL WHERE connection = :connection
AND since IS NOT NULL AND (CAST(:since AS TEXT) IS NULL OR since > CAST(:since AS TEXT));

-- name: flows_from
SELECT id FROM flow WHERE source = :connection AND id <> :flow LIMIT 1;

-- name: drop_flow_kinds
DELETE FROM flow_kind WHERE flow = :flow AND kind NOT IN {each kept};

-- name: put_endpoint
INSERT INTO endpoint (connection, workspace) VALUES (:connection, :workspace) ON CONFLICT DO NOTHING;

-- name: add_flow
INSERT INTO flow (workspace, slug, source, target, state, version, unbraked) VALUES (:workspace, :slug, :source, :target, :state, 1, 1)
ON CONFLICT DO NOTHING RETURNING id;

-- name: put_flow_version
INSERT INTO flow_version (flow, version, workspace, policy, effective, saved) VALUES (:flow, :version, :workspace, :policy, :effective, {now});

-- name: put_flow_kinds
INSERT INTO flow_kind (flow, kind, source, workspace) SELECT CAST(:flow AS BIGINT), v.kind, CAST(:source AS BIGINT), CAST(:workspace AS INTEGER)
FROM {rows v kinds: kind text} WHERE true ON CONFLICT DO NOTHING;

-- name: open_flow
INSERT INTO passage (workspace, flow, case_id, revision, lane) SELECT DISTINCT r.workspace, CAST(:flow AS BIGINT), r.case_id, 1, 1
FROM record r JOIN feed f ON f.id = r.feed JOIN flow_kind k ON k.source = f.connection AND k.kind = r.kind
WHERE k.flow = :flow ON CONFLICT DO NOTHING;

-- name: flows
SELECT f.id, f.workspace, f.slug, f.source, f.target, f.state, f.version, v.policy, f.unbraked, f.problem, e.closed_until FROM flow f
JOIN flow_version v ON v.flow = f.id AND v.version = f.version LEFT JOIN endpoint e ON e.connection = f.target
WHERE f.state <> 'removed' ORDER BY f.id;

-- name: version_before
SELECT v.version, v.policy, v.effective FROM flow_version v WHERE v.flow = :flow AND v.version < :version ORDER BY v.version DESC LIMIT 1;

-- name: flow_versions
SELECT v.flow, v.version, v.policy, v.effective FROM flow_version v ORDER BY v.flow, v.version DESC;

-- name: set_flow_state
UPDATE flow SET state = :state, unbraked = :unbraked, problem = :problem WHERE id = :flow;

-- name: set_flow_version
UPDATE flow SET version = :version, unbraked = CASE WHEN state IN ('draft', 'paused') THEN unbraked ELSE 0 END, problem = NULL,
    state = CASE WHEN state IN ('draft', 'paused') THEN state ELSE 'weighing' END WHERE id = :flow;

-- name: weight
SELECT f.state, f.unbraked,
    EXISTS (SELECT 1 FROM passage p WHERE p.flow = f.id AND p.planned < p.revision) AS planning,
    EXISTS (SELECT 1 FROM wanted_feed d WHERE d.connection = f.source AND d.passes = 0) AS reading,
    EXISTS (SELECT 1 FROM action a WHERE a.flow = f.id AND a.state IN ('blocked', 'ready')) AS waiting
FROM flow f WHERE f.id = :flow;

-- name: effects
SELECT (SELECT count(*) FROM action a WHERE a.flow = :flow AND a.kind <> 'contact' AND a.verb <> 'link' AND a.state IN ('blocked', 'ready'))
    + (SELECT count(*) FROM action a WHERE a.flow = :flow AND a.kind <> 'contact' AND a.verb <> 'link' AND a.sent > {now} - 3600000
        AND a.state NOT IN ('blocked', 'ready'))
    + (SELECT count(*) FROM action a WHERE a.flow = :flow AND a.kind = 'contact' AND a.expected IS NOT NULL AND a.state IN ('blocked', 'ready'))
    + (SELECT count(*) FROM action a WHERE a.flow = :flow AND a.kind = 'contact' AND a.expected IS NOT NULL AND a.sent > {now} - 3600000
        AND a.lane = 0 AND a.state NOT IN ('blocked', 'ready')) AS n;

-- name: busiest_day
SELECT max(d.n) AS n FROM (SELECT count(*) AS n FROM (
    SELECT sent FROM action WHERE flow = :flow AND kind <> 'contact' AND verb <> 'link' AND lane = 0 AND sent > {now} - 2592000000
    UNION ALL SELECT sent FROM action WHERE flow = :flow AND kind = 'contact' AND expected IS NOT NULL AND lane = 0
        AND sent > {now} - 2592000000) AS e WHERE e.sent < {now} - 86400000 GROUP BY e.sent / 86400000) AS d;

-- name: flows_to_weigh
SELECT f.id FROM flow f WHERE (f.state = 'weighing' OR f.unbraked = 1 AND f.state = 'live'
    AND NOT EXISTS (SELECT 1 FROM wanted_feed d WHERE d.connection = f.source AND d.passes = 0)
    AND NOT EXISTS (SELECT 1 FROM action a WHERE a.flow = f.id AND a.state IN ('blocked', 'ready')))
AND NOT EXISTS (SELECT 1 FROM passage p WHERE p.flow = f.id AND p.planned < p.revision) ORDER BY f.id;

-- name: revise_flow
UPDATE passage SET revision = revision + 1 WHERE flow = :flow
AND (planned < revision OR id IN (SELECT passage FROM decision WHERE state IN ('waiting', 'parked', 'excluded')));

-- name: installation
SELECT name, value FROM installation;
