-- name: lease_passages
UPDATE passage SET owner = :owner, lease = {now} + :ttl, fence = fence + 1, crashes = crashes + 1 WHERE id IN (
    SELECT id FROM passage WHERE flow = :flow AND planned < revision AND lease < {now}
    AND CASE WHEN crashes > 0 THEN 1 ELSE 0 END = CAST(:suspects AS INTEGER)
    AND flow IN (SELECT id FROM working_flow) ORDER BY lane, id LIMIT :limit {skip_locked}
) RETURNING id AS passage, workspace, flow, case_id AS "case", revision, fence, lane, crashes;

-- name: flows_due
SELECT f.id FROM working_flow f WHERE EXISTS (
    SELECT 1 FROM passage p WHERE p.flow = f.id AND p.planned < p.revision AND p.lease < {now}) ORDER BY f.id;

-- name: records_of_cases
SELECT r.id, r.case_id, r.kind, r.source_id, r.version, r.payload, r.fingerprint, r.number, f.connection, f.name AS feed, c.root
FROM record r JOIN feed f ON f.id = r.feed JOIN cases c ON c.id = r.case_id WHERE r.case_id IN {each_int cases} ORDER BY r.id;

-- name: open_cases_of_flow
SELECT p.case_id, p.id AS passage FROM passage p WHERE p.flow = :flow AND p.id > :after AND (p.planned < p.revision
    OR EXISTS (SELECT 1 FROM decision d WHERE d.passage = p.id AND d.state NOT IN ('done', 'excluded')))
ORDER BY p.id LIMIT :limit;

-- name: revise_passages
UPDATE passage SET revision = revision + 1 WHERE id IN {each_int passages};

-- name: states_of_keys
SELECT a.key, a.document, a.kind, a.verb, CASE WHEN a.state = 'ready' AND a.sent IS NOT NULL THEN 'sent' ELSE a.state END AS state,
    a.digest, a.version, a.record, a.hand, CASE WHEN a.flow = :flow THEN '' ELSE f.slug END AS other_flow, f.state AS flow_state,
    CASE WHEN a.verb IN ('create', 'adopt') OR a.kind = 'contact' THEN a.expected END AS expected,
    CASE WHEN a.verb = 'settle' OR a.kind = 'contact' THEN a.body END AS body, CASE WHEN a.verified IS NULL THEN 1 ELSE 0 END AS unverified,
    EXISTS (SELECT 1 FROM need n JOIN action c ON c.key = n.action WHERE n.needs = a.key AND c.document = a.document
        AND c.verb = 'cancel' AND c.state = 'done') AS cancelled
FROM action a JOIN flow f ON f.id = a.flow WHERE a.document IN {each keys} ORDER BY a.document, a.version, a.place;

-- name: adoptions
SELECT key, target_id FROM adoption WHERE key IN {each keys};

-- name: payloads_of_versions
SELECT v.record, v.version, v.payload FROM record_version v JOIN {rows w wanted: record bigint, version integer} ON w.record = v.record
AND w.version = v.version;

-- name: last_payloads
SELECT v.record, v.payload FROM record_version v WHERE v.record IN {each_int records} AND v.payload <> ''
AND v.version = (SELECT max(o.version) FROM record_version o WHERE o.record = v.record AND o.payload <> '');

-- name: revise_overtaken
UPDATE passage SET revision = revision + 1 WHERE id IN (
    SELECT v.passage FROM {rows v actions: key text, passage bigint, flow bigint} JOIN action a ON a.key = v.key
    WHERE a.flow <> v.flow);

-- name: decisions_of_passages
SELECT passage, record, state, by_person FROM decision WHERE passage IN {each_int passages};

-- name: records_by_number
SELECT r.id, r.number, r.kind, r.source_id, r.case_id, d.state, d.cause, (
    SELECT a.key FROM action a WHERE a.record = r.id AND a.flow = :flow AND a.kind = r.kind AND a.verb = 'create' AND a.key <> a.document
    AND a.state NOT IN ('blocked', 'ready', 'parked') ORDER BY a.version DESC LIMIT 1) AS current
FROM record r JOIN feed f ON f.id = r.feed
LEFT JOIN passage p ON p.case_id = r.case_id AND p.flow = :flow
LEFT JOIN decision d ON d.record = r.id AND d.passage = p.id
WHERE f.connection = :connection AND r.kind NOT IN ('order', 'credit_note', 'contact') AND r.number IN {each numbers};

-- name: feed_watermarks
SELECT name, watermark, passes FROM feed WHERE connection = :connection;

-- name: held_passages
UPDATE passage SET owner = passage.owner FROM {rows v passages: id bigint, fence bigint}
WHERE passage.id = v.id AND passage.fence = v.fence RETURNING passage.id;

-- name: drop_actions
DELETE FROM action WHERE passage IN {each_int passages} AND (state = 'parked' OR state IN ('blocked', 'ready') AND sent IS NULL)
AND key NOT IN {each keys} AND NOT (kind = 'contact' AND EXISTS (
    SELECT 1 FROM need n JOIN action d ON d.key = n.action WHERE n.needs = action.key AND d.passage <> action.passage))
RETURNING key;

-- name: drop_needs
DELETE FROM need WHERE action IN {each keys};

-- name: put_actions
INSERT INTO action (key, workspace, endpoint, flow, passage, record, place, lane, role, verb, kind, document, body, digest, version, expected,
    payload, state, changed)
VALUES (:key, :workspace, :endpoint, :flow, :passage, :record, :place, :lane, :role, :verb, :kind, :document, :body, :digest, :version,
    :expected, :payload, :state, {now})
ON CONFLICT (key) DO UPDATE SET flow = excluded.flow, passage = excluded.passage, lane = excluded.lane,
    body = excluded.body, digest = excluded.digest, record = excluded.record, verb = excluded.verb, version = excluded.version,
    expected = excluded.expected, verified = NULL, recheck = NULL, target_id = NULL, target_number = NULL, hand = NULL,
    place = excluded.place, payload = excluded.payload, state = excluded.state, sent = NULL,
    not_before = 0, cause = NULL, problem = NULL, words = NULL,
    changed = excluded.changed
WHERE (action.passage = excluded.passage OR action.state = 'parked'
    -- A card that several want is the first one's, but it must not wait for a flow that does not send, nor may a
    -- contact that is moved by itself wait for a document.
    OR action.kind = 'contact' AND (NOT EXISTS (SELECT 1 FROM flow f WHERE f.id = action.flow AND f.state = 'live')
        OR action.expected IS NULL AND excluded.expected IS NOT NULL
        AND EXISTS (SELECT 1 FROM flow f WHERE f.id = excluded.flow AND f.state = 'live')))
AND (action.state = 'parked' OR action.state IN ('blocked', 'ready') AND action.sent IS NULL);

-- name: put_needs
INSERT INTO need (action, needs, workspace) SELECT v.action, v.needs, v.workspace
FROM {rows v needs: action text, needs text, workspace integer} WHERE true ON CONFLICT DO NOTHING;

-- name: unblock
UPDATE action SET state = 'ready' WHERE state = 'blocked' AND key IN {each keys} AND NOT EXISTS (
    SELECT 1 FROM need n LEFT JOIN action a ON a.key = n.needs WHERE n.action = action.key
    AND (a.key IS NULL OR a.state <> 'done'));

-- name: unblock_dependents
UPDATE action SET state = 'ready' WHERE state = 'blocked' AND key IN (SELECT action FROM need WHERE needs IN {each keys})
AND NOT EXISTS (
    SELECT 1 FROM need n LEFT JOIN action a ON a.key = n.needs WHERE n.action = action.key AND (a.key IS NULL OR a.state <> 'done'));

-- name: revise_dependents
UPDATE passage SET revision = revision + 1 WHERE id IN (
    SELECT a.passage FROM need n JOIN action a ON a.key = n.action JOIN {rows v stopped: key text, passage bigint} ON v.key = n.needs
    WHERE a.state IN ('blocked', 'ready') AND a.passage <> v.passage);

-- name: dependents
WITH RECURSIVE later (key) AS (
    SELECT n.action FROM need n WHERE n.needs IN {each keys}
    UNION SELECT n.action FROM later l JOIN need n ON n.needs = l.key)
SELECT DISTINCT a.passage, a.record FROM later l JOIN action a ON a.key = l.key WHERE a.state IN ('blocked', 'ready');

-- name: put_decisions
INSERT INTO decision (passage, record, workspace, verdict, state, cause, problem, rule, version, wait_key, wait_until, changed)
VALUES (:passage, :record, :workspace, :verdict, :state, :cause, :problem, :rule, :version, :wait_key, {now} + CAST(:wait_ms AS BIGINT), {now})
ON CONFLICT (passage, record) DO UPDATE SET verdict = excluded.verdict, state = excluded.state,
    cause = excluded.cause, problem = excluded.problem, rule = excluded.rule, version = excluded.version,
    wait_key = excluded.wait_key, wait_until = excluded.wait_until, changed = excluded.changed
WHERE decision.by_person IS NULL;

-- name: judge
WITH RECURSIVE pair AS (SELECT v.passage, v.record FROM {rows v pairs: passage bigint, record bigint} WHERE true),
chain (action, needs) AS (
    SELECT n.action, n.needs FROM pair JOIN action a ON a.passage = pair.passage AND a.record = pair.record
    JOIN need n ON n.action = a.key WHERE a.state = 'blocked'
    UNION SELECT c.action, n.needs FROM chain c JOIN action x ON x.key = c.needs AND x.state = 'blocked'
    JOIN need n ON n.action = x.key),
stuck AS (
    SELECT c.action, max(x.cause) AS cause, max(x.problem) AS problem FROM chain c JOIN action x ON x.key = c.needs
    WHERE x.state IN ('parked', 'alarm') GROUP BY c.action)
UPDATE decision SET state = s.state, cause = coalesce(s.cause, s.state), problem = coalesce(s.problem, '{}'), changed = {now}
FROM (
    SELECT a.passage, a.record,
        CASE max(CASE WHEN a.state = 'alarm' THEN 4 WHEN a.state = 'parked' OR stuck.action IS NOT NULL THEN 3
            WHEN a.state IN ('unknown', 'accepted') THEN 2 WHEN a.state = 'done' THEN 0 ELSE 1 END)
        WHEN 4 THEN 'parked' WHEN 3 THEN 'parked' WHEN 2 THEN 'in_doubt' WHEN 1 THEN 'waiting' ELSE 'done' END AS state,
        max(CASE WHEN a.state IN ('parked', 'alarm') THEN a.cause ELSE stuck.cause END) AS cause,
        max(CASE WHEN a.state IN ('parked', 'alarm') THEN a.problem ELSE stuck.problem END) AS problem
    FROM action a JOIN pair ON pair.passage = a.passage AND pair.record = a.record LEFT JOIN stuck ON stuck.action = a.key
    GROUP BY a.passage, a.record
) AS s WHERE decision.passage = s.passage AND decision.record = s.record AND decision.verdict = 'act';

-- name: finish_passages
UPDATE passage SET planned = v.revision, owner = NULL, lease = 0, crashes = 0
FROM {rows v passages: id bigint, fence bigint, revision bigint} WHERE passage.id = v.id AND passage.fence = v.fence RETURNING passage.id;

-- name: postpone_passages
UPDATE passage SET owner = NULL, lease = {now} + CAST(:pause AS BIGINT), crashes = crashes - 1
FROM {rows v passages: id bigint, fence bigint} WHERE passage.id = v.id AND passage.fence = v.fence;
