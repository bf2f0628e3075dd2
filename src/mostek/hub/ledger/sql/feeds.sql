-- name: lease_feed
UPDATE feed SET owner = :owner, lease = {now} + :ttl, fence = fence + 1 WHERE id = (
    SELECT id FROM feed WHERE lease < {now} AND (due <= {now} OR :forced = 1) AND id IN {each_int feeds}
    AND id IN (SELECT id FROM wanted_feed)
    AND connection IN (SELECT id FROM connection WHERE state = 'active') ORDER BY due, id LIMIT 1 {skip_locked}
) RETURNING id AS feed, workspace, connection, name, owner, fence, cursor, since, passes, every, timetable;

-- name: feeds_due
SELECT f.id, f.connection FROM wanted_feed f JOIN connection c ON c.id = f.connection
WHERE c.state = 'active' AND f.due <= {now} AND f.lease < {now} ORDER BY f.due, f.id;

-- name: known_records
SELECT r.id, r.case_id, r.kind, r.source_id, r.fingerprint, c.root FROM {rows v records: kind text, source_id text}
CROSS JOIN record r JOIN cases c ON c.id = r.case_id
WHERE r.feed = :feed AND r.kind = v.kind AND r.source_id = v.source_id;

-- name: add_cases
INSERT INTO cases (workspace, connection, root) SELECT DISTINCT CAST(:workspace AS INTEGER), CAST(:connection AS BIGINT), v.root
FROM {rows v records: root text} WHERE true ON CONFLICT (connection, root) DO NOTHING;

-- name: keep_versions
INSERT INTO record_version (record, version, workspace, fingerprint, payload, replaced)
SELECT id, version, workspace, fingerprint, payload, {now} FROM record WHERE id IN {each_int ids} ON CONFLICT DO NOTHING;

-- name: put_records
INSERT INTO record (workspace, feed, case_id, kind, source_id, version, fingerprint, payload, number, currency, total, dated, changed)
VALUES (:workspace, :feed, (SELECT c.id FROM cases c WHERE c.connection = :connection AND c.root = :root), :kind, :source_id, 1,
    :fingerprint, :payload, :number, :currency, :total, :dated, {now})
ON CONFLICT (feed, kind, source_id) DO UPDATE SET case_id = excluded.case_id, version = record.version + 1,
    fingerprint = excluded.fingerprint, payload = excluded.payload, changed = excluded.changed,
    -- One that is gone is shown as it was.
    number = CASE WHEN excluded.payload = '' THEN record.number ELSE excluded.number END,
    currency = CASE WHEN excluded.payload = '' THEN record.currency ELSE excluded.currency END,
    total = CASE WHEN excluded.payload = '' THEN record.total ELSE excluded.total END,
    dated = CASE WHEN excluded.payload = '' THEN record.dated ELSE excluded.dated END;

-- name: open_passages
INSERT INTO passage (workspace, flow, case_id, revision, lane)
SELECT DISTINCT k.workspace, k.flow, c.id, 0, CAST(:lane AS INTEGER) FROM {rows v records: root text, kind text}
CROSS JOIN cases c JOIN flow_kind k ON k.source = :connection AND k.kind = v.kind
WHERE c.connection = :connection AND c.root = v.root ON CONFLICT (flow, case_id) DO NOTHING;

-- name: move_actions
UPDATE action SET passage = p.id FROM record r JOIN passage p ON p.case_id = r.case_id
WHERE r.id IN {each_int ids} AND action.record = r.id AND p.flow = action.flow AND p.id <> action.passage;

-- name: move_decisions
UPDATE decision SET passage = p.id FROM record r JOIN passage p ON p.case_id = r.case_id JOIN passage o ON o.flow = p.flow
WHERE r.id IN {each_int ids} AND decision.record = r.id AND o.id = decision.passage AND p.id <> o.id;

-- name: revise_cases
UPDATE passage SET revision = revision + 1, lane = CASE WHEN lane > :lane THEN CAST(:lane AS INTEGER) ELSE lane END WHERE case_id IN {each_int cases} OR case_id IN (
    SELECT id FROM cases WHERE connection = :connection AND root IN {each roots});

-- name: wake
UPDATE passage SET revision = revision + 1 WHERE id IN (SELECT passage FROM decision WHERE wait_key IN {each keys});

-- name: wake_due
UPDATE passage SET revision = revision + 1 WHERE planned = revision
AND id IN (SELECT passage FROM decision WHERE wait_until <= {now} AND CASE WHEN state IN ('waiting', 'parked') THEN 1 END = 1) RETURNING id;

-- name: waits_due
SELECT count(*) AS n FROM decision d JOIN passage p ON p.id = d.passage
WHERE d.wait_until <= {now} AND p.planned = p.revision AND CASE WHEN d.state IN ('waiting', 'parked') THEN 1 END = 1;

-- name: move_feed
UPDATE feed SET cursor = :cursor, watermark = coalesce(CAST(:watermark AS BIGINT), watermark),
    passes = passes + CAST(:finished AS INTEGER), lease = {now} + :ttl, problem = NULL, last_ok = {now}
WHERE id = :feed AND fence = :fence AND owner = :owner RETURNING id;

-- name: release_feed
UPDATE feed SET owner = NULL, lease = 0, problem = :problem, due = coalesce({now} + CAST(:pause AS BIGINT), due)
WHERE id = :feed AND fence = :fence RETURNING id;

-- name: run_feeds_now
UPDATE feed SET due = 0 WHERE id IN {each_int feeds};

-- name: wanted_records
SELECT DISTINCT wait_key FROM decision WHERE state = 'waiting' AND wait_key >= 'record:' AND wait_key < 'record;';

-- name: put_usage
UPDATE connection SET usage = :usage WHERE id = :connection;

-- name: put_connection_problem
UPDATE connection SET problem = :problem, state = CASE WHEN state = 'paused' THEN state ELSE :state END WHERE id = :connection;
