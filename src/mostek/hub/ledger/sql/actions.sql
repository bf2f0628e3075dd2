-- name: lease_endpoint
UPDATE endpoint SET owner = :owner, lease = {now} + :ttl, fence = fence + 1 WHERE connection = :connection
AND (lease < {now} OR owner = :owner) AND not_before <= {now}
AND connection IN (SELECT id FROM connection WHERE state = 'active') RETURNING fence;

-- name: extend_endpoint
UPDATE endpoint SET lease = {now} + :ttl WHERE connection = :connection AND fence = :fence AND owner = :owner RETURNING fence;

-- name: release_endpoint
UPDATE endpoint SET owner = NULL, lease = 0, not_before = {now} + CAST(:pause AS BIGINT), problem = :problem
WHERE connection = :connection AND fence = :fence;

-- name: note_endpoint
UPDATE endpoint SET problem = :problem WHERE connection = :connection;

-- name: forget_endpoint_note
UPDATE endpoint SET problem = NULL WHERE connection = :connection AND problem = :problem;

-- name: doubt_abandoned
UPDATE action SET state = 'unknown', settles = sent + :settles_after, changed = {now}
WHERE endpoint = :connection AND state IN ('sent', 'unknown', 'accepted') AND state = 'sent' AND fence < :fence
RETURNING key, passage, record;

-- name: flows_into
SELECT id FROM flow WHERE target = :connection AND state = 'live' ORDER BY id;

-- name: intend
UPDATE action SET state = 'sent', sent = {now}, fence = :fence, attempts = attempts + 1, changed = {now} WHERE key IN (
    SELECT a.key FROM action a JOIN passage p ON p.id = a.passage JOIN flow f ON f.id = a.flow
    WHERE a.endpoint = :endpoint AND a.flow = :flow AND a.lane BETWEEN :first AND :last AND a.state = 'ready' AND a.not_before <= {now}
    AND p.planned = p.revision AND f.state = 'live' ORDER BY a.lane, a.passage, a.place LIMIT :limit)
AND EXISTS (SELECT 1 FROM endpoint e WHERE e.connection = action.endpoint AND e.fence = :fence)
RETURNING key, verb, kind, body, payload, target_id, workspace, passage, lane, place, attempts,
    (SELECT p.case_id FROM passage p WHERE p.id = action.passage) AS case_id,
    (SELECT e.closed_until FROM endpoint e WHERE e.connection = action.endpoint) AS closed_until;

-- name: endpoint_held
SELECT fence FROM endpoint WHERE connection = :connection AND fence = :fence AND owner = :owner;

-- name: give_back
UPDATE action SET state = 'ready', sent = CASE WHEN attempts = 1 THEN NULL ELSE sent END, attempts = attempts - 1, changed = {now}
WHERE key IN {each keys} AND state = 'sent' AND fence = :fence;

-- name: commit_outcomes
UPDATE action SET state = v.state, target_id = coalesce(v.target_id, action.target_id),
    target_number = coalesce(v.target_number, action.target_number),
    cause = v.cause, problem = v.problem, words = v.words, changed = {now},
    -- What surely was not sent may be planned anew, unless an earlier attempt of it was sent: then its bytes are frozen.
    sent = CASE WHEN v.state = 'ready' AND action.state = 'sent' AND action.attempts = 1 THEN NULL ELSE action.sent END,
    attempts = action.attempts - CASE WHEN v.state = 'ready' AND action.state = 'sent' THEN 1 ELSE 0 END,
    verified = CASE WHEN v.final = 1 THEN {now} ELSE action.verified END,
    settles = CASE WHEN v.settles_ms IS NULL THEN action.settles ELSE {now} + v.settles_ms END,
    not_before = CASE WHEN v.wait_ms IS NULL THEN action.not_before ELSE {now} + v.wait_ms END
FROM {rows v outcomes: key text, state text, target_id text, target_number text, cause text, problem text, words text, settles_ms bigint, wait_ms bigint, final integer}
WHERE action.key = v.key AND action.state IN ('sent', 'unknown', 'accepted')
AND EXISTS (SELECT 1 FROM endpoint e WHERE e.connection = action.endpoint AND e.fence = :fence)
RETURNING action.key, action.state, action.verb, action.kind, action.cause, action.passage, action.record,
    EXISTS (SELECT 1 FROM need n WHERE n.needs = action.key) AS needed,
    EXISTS (SELECT 1 FROM decision d WHERE d.wait_key = 'action:' || action.key) AS awaited;

-- name: to_settle
SELECT key, verb, kind, body, payload, target_id, state, attempts, cause, problem, {now} - sent AS held, workspace, passage, NULL AS closed_until,
    (SELECT p.case_id FROM passage p WHERE p.id = action.passage) AS case_id FROM action
WHERE endpoint = :connection AND state IN ('sent', 'unknown', 'accepted') AND state <> 'sent' AND settles <= {now} ORDER BY settles, key LIMIT :limit;

-- name: next_settle
SELECT min(settles) - {now} AS ms FROM action WHERE endpoint = :connection AND state IN ('sent', 'unknown', 'accepted') AND state <> 'sent';

-- name: next_ready
SELECT min(a.not_before) - {now} AS ms FROM action a JOIN passage p ON p.id = a.passage JOIN flow f ON f.id = a.flow
WHERE a.endpoint = :connection AND a.state = 'ready' AND f.state = 'live' AND p.planned = p.revision;

-- name: to_verify
SELECT a.key, a.body, a.payload, a.target_id, a.passage, a.record, a.kind, a.verb, a.expected, a.verified, {now} - a.sent AS age
FROM (
    SELECT * FROM (SELECT n.key, n.changed FROM action n WHERE n.endpoint = :connection AND n.state = 'done' AND n.verified IS NULL
        AND n.changed <= {now} - CAST(:age AS BIGINT) ORDER BY n.changed LIMIT :limit) AS first
    UNION
    SELECT * FROM (SELECT r.key, r.changed FROM action r WHERE r.endpoint = :connection AND r.recheck <= {now} AND r.state = 'done'
        ORDER BY r.recheck LIMIT :limit) AS again
) AS due JOIN action a ON a.key = due.key
WHERE NOT EXISTS (SELECT 1 FROM action c WHERE c.document = a.document AND c.key <> a.key AND c.verb IN ('update', 'cancel')
    AND (c.state IN ('sent', 'unknown', 'accepted') OR c.state = 'ready' AND c.sent IS NOT NULL))
ORDER BY a.changed LIMIT :limit;

-- name: commit_verified
UPDATE action SET verified = {now}, state = v.state, cause = v.cause, problem = v.problem,
    expected = coalesce(v.expected, action.expected), recheck = {now} + CAST(v.again AS BIGINT)
FROM {rows v verified: key text, state text, cause text, problem text, expected text, again bigint}
WHERE action.key = v.key AND action.state = 'done' RETURNING action.key, action.state, action.kind, action.passage, action.record,
    EXISTS (SELECT 1 FROM need n WHERE n.needs = action.key) AS needed,
    EXISTS (SELECT 1 FROM decision d WHERE d.wait_key = 'action:' || action.key) AS awaited;

-- name: carry_changes
UPDATE action SET digest = u.digest, version = u.version, expected = u.expected, verified = NULL, recheck = NULL, changed = {now}
FROM action u JOIN need n ON n.action = u.key WHERE u.key IN {each keys} AND u.verb = 'update' AND action.key = n.needs
AND action.document = u.document;

-- name: close_cancelled
UPDATE action SET verified = coalesce(action.verified, {now}), recheck = NULL FROM action c JOIN need n ON n.action = c.key
WHERE c.key IN {each keys} AND c.verb = 'cancel' AND action.key = n.needs AND action.document = c.document;

-- name: endpoints_due
SELECT e.connection FROM endpoint e JOIN connection c ON c.id = e.connection
WHERE c.state = 'active' AND e.not_before <= {now} AND e.lease < {now} AND (
    EXISTS (SELECT 1 FROM action a JOIN passage p ON p.id = a.passage JOIN flow f ON f.id = a.flow WHERE a.endpoint = e.connection
        AND a.state = 'ready' AND a.not_before <= {now} AND f.state = 'live' AND p.planned = p.revision)
    OR EXISTS (SELECT 1 FROM action a WHERE a.endpoint = e.connection AND a.state IN ('sent', 'unknown', 'accepted')
        AND a.state <> 'sent' AND a.settles <= {now})
    OR EXISTS (SELECT 1 FROM action a WHERE a.endpoint = e.connection AND a.state IN ('sent', 'unknown', 'accepted')
        AND a.state = 'sent')
    OR EXISTS (SELECT 1 FROM action a WHERE a.endpoint = e.connection AND a.state = 'done' AND a.verified IS NULL
        AND a.changed <= {now} - CAST(:age AS BIGINT))
    OR EXISTS (SELECT 1 FROM action a WHERE a.endpoint = e.connection AND a.recheck <= {now} AND a.state = 'done'));

-- name: trace_steps
INSERT INTO trace.step (workspace, case_id, passage, action, kind, at, body)
VALUES (:workspace, :case_id, :passage, :action, :kind, {now}, :body);

-- name: steps_of_case
SELECT id, kind, at, passage, action, body FROM trace.step WHERE case_id = :case_id ORDER BY id;

-- name: work_left
SELECT
    (SELECT count(*) FROM passage WHERE planned < revision AND flow IN (SELECT id FROM working_flow)) AS planning,
    (SELECT count(*) FROM action a JOIN flow f ON f.id = a.flow WHERE a.state = 'ready' AND f.state = 'live') AS ready,
    (SELECT count(*) FROM action WHERE state IN ('sent', 'unknown', 'accepted')) AS settling,
    (SELECT count(*) FROM action WHERE state = 'done' AND verified IS NULL) AS verifying;
