-- name: lease_passages
UPDATE passage SET owner = :owner, lease = {now} + :ttl, fence = fence + 1, crashes = crashes + 1 WHERE id IN (
    SELECT id FROM passage WHERE planned < revision AND lease < {now}
    AND flow IN (SELECT id FROM flow WHERE state <> 'paused') ORDER BY lane, id LIMIT :limit {skip_locked}
) RETURNING id, workspace, flow, case_id, revision, fence, lane, crashes;

-- name: open_passages_due
SELECT id FROM passage WHERE planned < revision AND lease < {now} AND flow IN (SELECT id FROM flow WHERE state <> 'paused') LIMIT 1;

-- name: records_of_cases
SELECT r.id, r.case_id, r.kind, r.source_id, r.version, r.payload, r.fingerprint, r.number, f.connection, f.name AS feed, c.root
FROM record r JOIN feed f ON f.id = r.feed JOIN cases c ON c.id = r.case_id WHERE r.case_id IN {each_int cases} ORDER BY r.id;

-- name: cases_of_flow
SELECT case_id, id AS passage, lane FROM passage WHERE flow = :flow AND id > :after ORDER BY id LIMIT :limit;

-- name: states_of_keys
SELECT key, state, digest, passage, target_id FROM action WHERE key IN {each keys};

-- name: decisions_of_passages
SELECT passage, record, state, by_person FROM decision WHERE passage IN {each_int passages};

-- name: records_by_number
SELECT r.id, r.number, r.kind, r.source_id, r.case_id, d.state, d.cause FROM record r JOIN feed f ON f.id = r.feed
LEFT JOIN passage p ON p.case_id = r.case_id AND p.flow = :flow
LEFT JOIN decision d ON d.record = r.id AND d.passage = p.id
WHERE f.connection = :connection AND r.kind <> 'order' AND r.number IN {each numbers};

-- name: feed_watermarks
SELECT name, watermark, passes FROM feed WHERE connection = :connection;

-- name: held_passages
SELECT p.id FROM passage p JOIN {rows v passages: id bigint, fence bigint} ON v.id = p.id AND v.fence = p.fence;

-- name: drop_actions
DELETE FROM action WHERE passage IN {each_int passages} AND (state = 'parked' OR state IN ('blocked', 'ready') AND sent IS NULL)
AND key NOT IN {each keys} AND NOT EXISTS (
    SELECT 1 FROM need n JOIN action d ON d.key = n.action WHERE n.needs = action.key AND d.passage <> action.passage)
RETURNING key;

-- name: drop_needs
DELETE FROM need WHERE action IN {each keys};

-- name: put_actions
INSERT INTO action (key, workspace, endpoint, flow, passage, record, place, lane, role, verb, kind, body, digest, payload, state, changed)
SELECT v.key, v.workspace, v.endpoint, v.flow, v.passage, v.record, v.place, v.lane, v.role, v.verb, v.kind, v.body, v.digest,
    v.payload, 'blocked', {now}
FROM {rows v actions: key text, workspace integer, endpoint bigint, flow bigint, passage bigint, record bigint, place integer, lane integer, role text, verb text, kind text, body text, digest text, payload text}
WHERE true ON CONFLICT (key) DO UPDATE SET body = excluded.body, digest = excluded.digest, record = excluded.record,
    place = excluded.place, payload = excluded.payload, state = 'blocked', sent = NULL,
    not_before = 0, cause = NULL, problem = NULL, words = NULL,
    changed = excluded.changed
WHERE action.passage = excluded.passage
AND (action.state = 'parked' OR action.state IN ('blocked', 'ready') AND action.sent IS NULL);

-- name: put_needs
INSERT INTO need (action, needs, workspace) SELECT v.action, v.needs, v.workspace
FROM {rows v needs: action text, needs text, workspace integer} WHERE true ON CONFLICT DO NOTHING;

-- name: unblock
UPDATE action SET state = 'ready' WHERE state = 'blocked' AND key IN {each keys} AND NOT EXISTS (
    SELECT 1 FROM need n LEFT JOIN action a ON a.key = n.needs WHERE n.action = action.key AND (a.key IS NULL OR a.state <> 'done'));

-- name: unblock_dependents
UPDATE action SET state = 'ready' WHERE state = 'blocked' AND key IN (SELECT action FROM need WHERE needs IN {each keys})
AND NOT EXISTS (
    SELECT 1 FROM need n LEFT JOIN action a ON a.key = n.needs WHERE n.action = action.key AND (a.key IS NULL OR a.state <> 'done'));

-- name: revise_dependents
UPDATE passage SET revision = revision + 1 WHERE id IN (
    SELECT a.passage FROM need n JOIN action a ON a.key = n.action WHERE n.needs IN {each keys} AND a.state IN ('blocked', 'ready'));

-- name: put_decisions
INSERT INTO decision (passage, record, workspace, verdict, state, cause, problem, rule, version, wait_key, wait_until, changed)
SELECT v.passage, v.record, v.workspace, v.verdict, v.state, v.cause, v.problem, v.rule, v.version, v.wait_key,
    CASE WHEN v.wait_ms IS NULL THEN NULL ELSE {now} + v.wait_ms END, {now}
FROM {rows v decisions: passage bigint, record bigint, workspace integer, verdict text, state text, cause text, problem text, rule text, version integer, wait_key text, wait_ms bigint}
WHERE true ON CONFLICT (passage, record) DO UPDATE SET verdict = excluded.verdict, state = excluded.state,
    cause = excluded.cause, problem = excluded.problem, rule = excluded.rule, version = excluded.version,
    wait_key = excluded.wait_key, wait_until = excluded.wait_until, changed = excluded.changed
WHERE decision.by_person IS NULL;

-- name: judge
UPDATE decision SET state = s.state, cause = coalesce(s.cause, s.state), problem = coalesce(s.problem, '{}'), changed = {now}
FROM (
    SELECT a.passage, a.record,
        CASE max(CASE a.state WHEN 'alarm' THEN 4 WHEN 'parked' THEN 3 WHEN 'unknown' THEN 2 WHEN 'accepted' THEN 2
            WHEN 'done' THEN 0 ELSE 1 END)
        WHEN 4 THEN 'parked' WHEN 3 THEN 'parked' WHEN 2 THEN 'in_doubt' WHEN 1 THEN 'waiting' ELSE 'done' END AS state,
        max(CASE WHEN a.state IN ('parked', 'alarm') THEN a.cause END) AS cause,
        max(CASE WHEN a.state IN ('parked', 'alarm') THEN a.problem END) AS problem
    FROM action a JOIN {rows v pairs: passage bigint, record bigint} ON v.passage = a.passage AND v.record = a.record
    GROUP BY a.passage, a.record
) AS s WHERE decision.passage = s.passage AND decision.record = s.record AND decision.verdict = 'act';

-- name: finish_passages
UPDATE passage SET planned = v.revision, owner = NULL, lease = 0, crashes = 0
FROM {rows v passages: id bigint, fence bigint, revision bigint} WHERE passage.id = v.id AND passage.fence = v.fence RETURNING passage.id;

-- name: postpone_passages
UPDATE passage SET owner = NULL, lease = {now} + CAST(:pause AS BIGINT), crashes = crashes - 1 WHERE id IN {each_int passages};
