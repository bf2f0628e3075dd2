-- name: standing_all
SELECT r.id, r.kind, r.number, r.source_id, r.case_id, coalesce(d.state, 'waiting') AS state, coalesce(d.cause, 'planning') AS cause, d.problem
FROM record r JOIN passage p ON p.case_id = r.case_id JOIN flow_kind k ON k.flow = p.flow AND k.kind = r.kind
LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id ORDER BY r.id;

-- name: standing
SELECT flow, kind, nullif(currency, '') AS currency, state, cause, CAST(sum(n) AS BIGINT) AS n, CAST(sum(total) AS BIGINT) AS total
FROM tally GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4, 5;

-- name: standing_counted
SELECT p.flow, r.kind, r.currency, coalesce(d.state, 'waiting') AS state,
    CASE WHEN d.state IS NULL THEN 'planning' WHEN d.state = 'done' THEN '' ELSE d.cause END AS cause,
    count(*) AS n, CAST(coalesce(sum(r.total), 0) AS BIGINT) AS total
FROM record r JOIN passage p ON p.case_id = r.case_id JOIN flow_kind k ON k.flow = p.flow AND k.kind = r.kind
LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;

-- name: oldest_by_cause
SELECT d.state, d.cause, count(*) AS n, {now} - min(d.changed) AS oldest_ms, max(d.problem) AS problem FROM decision d
WHERE d.state IN ('waiting', 'in_doubt', 'parked', 'excluded') GROUP BY d.state, d.cause ORDER BY d.state, d.cause;

-- name: queue_lengths
SELECT a.endpoint, a.state, count(*) AS n FROM action a JOIN connection c ON c.id = a.endpoint
WHERE a.state <> 'done' AND c.state <> 'removed' GROUP BY a.endpoint, a.state ORDER BY 1, 2;

-- name: endpoints
SELECT e.connection, e.problem, e.not_before - {now} AS due_ms FROM endpoint e JOIN connection c ON c.id = e.connection
WHERE c.state <> 'removed' ORDER BY e.connection;

-- name: inbox
SELECT i.passage, i.record, i.state, i.cause, i.problem, i.rule, i.changed, r.kind, r.number, r.source_id, r.currency, r.total, r.case_id,
    i.flow, i.target, coalesce(n.assignee, '') AS assignee, coalesce(n.note, '') AS note, EXISTS (
        SELECT 1 FROM action a WHERE a.passage = i.passage AND a.record = i.record AND a.kind = r.kind
        AND a.verb IN ('create', 'adopt') AND a.state IN ('done', 'alarm')) AS stands
FROM (
    SELECT d.passage, d.record, d.state, d.cause, d.problem, d.rule, d.changed, f.slug AS flow, t.slug AS target
    FROM {rows w wanted: state text, cause text} CROSS JOIN decision d JOIN passage p ON p.id = d.passage JOIN flow f ON f.id = p.flow
    JOIN connection t ON t.id = f.target JOIN record r ON r.id = d.record LEFT JOIN assignment n ON n.record = d.record
    WHERE d.state = w.state AND d.cause = w.cause AND (d.record > :after OR d.record = :after AND d.passage > :passage)
    AND (f.slug = :flow OR :flow = '') AND (r.kind = :kind OR :kind = '') AND (n.assignee = :assignee OR :assignee = '')
    ORDER BY d.record, d.passage LIMIT :limit) i
JOIN record r ON r.id = i.record LEFT JOIN assignment n ON n.record = i.record ORDER BY i.record, i.passage;

-- name: inbox_causes
SELECT DISTINCT d.state, d.cause FROM decision d WHERE d.state = 'parked';

-- name: inbox_groups
SELECT d.state, d.cause, f.slug AS flow, r.kind, coalesce(n.assignee, '') AS assignee, count(*) AS n, {now} - min(d.changed) AS oldest_ms,
    max(d.problem) AS problem
FROM decision d JOIN record r ON r.id = d.record JOIN passage p ON p.id = d.passage JOIN flow f ON f.id = p.flow
LEFT JOIN assignment n ON n.record = d.record
WHERE d.state = 'parked' OR d.state = 'waiting' AND d.cause = 'mapping.missing' OR d.state = 'excluded' AND d.cause = 'excluded.person'
GROUP BY d.state, d.cause, f.slug, r.kind, coalesce(n.assignee, '') ORDER BY d.state, d.cause;

-- name: find_records
SELECT r.id, r.kind, r.number, r.source_id, r.currency, r.total, r.version, r.case_id, r.payload, c.slug AS connection, f.name AS feed
FROM record r JOIN feed f ON f.id = r.feed JOIN connection c ON c.id = f.connection
WHERE r.number = :text OR r.source_id = :text ORDER BY r.id LIMIT 50;

-- name: decisions_of_records
SELECT d.passage, d.record, d.verdict, d.state, d.cause, d.problem, d.rule, d.version, d.by_person, d.changed, f.slug AS flow
FROM decision d JOIN passage p ON p.id = d.passage JOIN flow f ON f.id = p.flow WHERE d.record IN {each_int records} ORDER BY d.record;

-- name: actions_of_records
SELECT a.key, a.record, a.verb, a.kind, a.state, a.attempts, a.body, a.payload, a.sent, a.target_id, a.target_number, a.problem, a.words,
    a.verified, c.slug AS target FROM action a JOIN connection c ON c.id = a.endpoint
WHERE a.record IN {each_int records} ORDER BY a.passage, a.place;

-- name: retry_decisions
UPDATE passage SET revision = revision + 1 WHERE id IN (
    SELECT d.passage FROM decision d WHERE d.state IN ('parked', 'excluded') AND d.record IN {each_int records}) RETURNING id;

-- name: forget_person
UPDATE decision SET by_person = NULL WHERE record IN {each_int records} AND by_person IS NOT NULL;

-- name: settle_alarms
UPDATE action SET state = 'unknown', settles = {now}, verified = NULL, cause = NULL, problem = NULL
WHERE state = 'alarm' AND record IN {each_int records} RETURNING key, passage, record;

-- name: exclude_decisions
UPDATE decision SET verdict = 'exclude', state = 'excluded', cause = 'excluded.person', problem = :problem, by_person = :person,
    wait_key = NULL, wait_until = NULL, changed = {now}
WHERE record IN {each_int records} AND state IN ('parked', 'waiting') AND NOT EXISTS (
    SELECT 1 FROM action a WHERE a.passage = decision.passage AND a.record = decision.record
    AND (a.state IN ('sent', 'unknown', 'accepted') OR a.state = 'ready' AND a.sent IS NOT NULL)) RETURNING passage, record;

-- name: add_audit
INSERT INTO audit (workspace, at, person, command, request) VALUES (:workspace, {now}, :person, :command, :request);

-- name: records_of_cause
SELECT DISTINCT record FROM decision WHERE cause = :cause AND state IN ('parked', 'excluded') ORDER BY record;

-- name: duties_of_records
SELECT DISTINCT r.id, r.kind, r.source_id, r.version, d.cause, d.problem, s.slug AS source, t.slug AS target, p.workspace, p.id AS passage
FROM record r JOIN decision d ON d.record = r.id JOIN passage p ON p.id = d.passage JOIN flow f ON f.id = p.flow
JOIN connection s ON s.id = f.source JOIN connection t ON t.id = f.target
WHERE r.id IN {each_int records} AND d.state = 'parked' ORDER BY r.id;

-- name: put_adoptions
INSERT INTO adoption (key, workspace, target_id, person, at) SELECT v.key, v.workspace, v.target_id, CAST(:person AS TEXT), {now}
FROM {rows v adoptions: key text, workspace integer, target_id text} WHERE true
ON CONFLICT (key) DO UPDATE SET target_id = excluded.target_id, person = excluded.person, at = excluded.at;

-- name: standing_of_records
SELECT a.key, a.body, a.payload, a.target_id, a.endpoint, a.passage, a.record, a.cause, r.version FROM action a
JOIN record r ON r.id = a.record JOIN decision d ON d.record = a.record AND d.passage = a.passage
WHERE a.record IN {each_int records} AND a.verb IN ('create', 'adopt') AND a.kind = r.kind AND d.state = 'parked'
AND a.state IN ('done', 'alarm') ORDER BY a.record;

-- name: accept_standing
UPDATE action SET state = 'done', expected = v.expected, version = v.version, hand = :person, cause = NULL, problem = NULL,
    verified = {now}, recheck = {now} + 86400000, changed = {now}
FROM {rows v accepted: key text, expected text, version integer} WHERE action.key = v.key AND action.state IN ('done', 'alarm')
RETURNING action.key, action.state, action.passage, action.record,
    EXISTS (SELECT 1 FROM need n WHERE n.needs = action.key) AS needed,
    EXISTS (SELECT 1 FROM decision d WHERE d.wait_key = 'action:' || action.key) AS awaited;

-- name: close_books
UPDATE endpoint SET closed_until = :until WHERE connection = :connection;

-- name: revise_closed
UPDATE passage SET revision = revision + 1 WHERE id IN (
    SELECT passage FROM action WHERE endpoint = :connection AND state IN ('blocked', 'ready', 'parked') AND (state <> 'parked' OR cause = 'books.closed'));

-- name: recheck_now
UPDATE action SET recheck = {now} WHERE endpoint = :connection AND state = 'done' AND verb IN ('create', 'adopt')
AND kind <> 'contact' AND verified IS NOT NULL AND expected IS NOT NULL RETURNING key;

-- name: forget_deleted
UPDATE action SET state = 'parked', verified = NULL, recheck = NULL WHERE record IN {each_int records} AND kind <> 'contact'
AND document IN (SELECT a.document FROM action a WHERE a.state = 'alarm' AND a.cause = 'target.deleted' AND a.record IN {each_int records})
AND state IN ('done', 'alarm') RETURNING key;

-- name: records_by_id
SELECT r.id, r.kind, r.source_id, r.feed, f.connection FROM record r JOIN feed f ON f.id = r.feed WHERE r.id IN {each_int records} ORDER BY r.id;

-- name: versions_of_records
SELECT r.id, r.kind, r.source_id, r.version, r.payload, c.root FROM record r JOIN cases c ON c.id = :case_id
WHERE r.id IN {each_int records}
UNION ALL SELECT r.id, r.kind, r.source_id, v.version, v.payload, c.root FROM record_version v JOIN record r ON r.id = v.record
JOIN cases c ON c.id = :case_id WHERE v.record IN {each_int records} ORDER BY 1, 4;

-- name: cases_since
SELECT r.case_id, coalesce(max(p.id), 0) AS passage, max(CASE WHEN p.id IS NULL OR p.planned < p.revision OR EXISTS (
    SELECT 1 FROM decision d WHERE d.passage = p.id AND d.state IN ('waiting', 'parked', 'excluded')) THEN 1 ELSE 0 END) AS is_open
FROM record r JOIN feed f ON f.id = r.feed LEFT JOIN passage p ON p.case_id = r.case_id AND p.flow = :flow
WHERE f.connection = :source AND r.kind IN {each kinds} AND r.changed >= {now} - CAST(:age AS BIGINT) AND r.case_id > :after
GROUP BY r.case_id ORDER BY r.case_id LIMIT :limit;

-- name: plans_of_passages
SELECT s.case_id, s.body FROM trace.step s WHERE s.kind = 'planned' AND s.case_id IN {each_int cases}
AND s.passage IN {each_int passages} ORDER BY s.id;

-- name: queue
SELECT q.lane, q.passage, q.place, q.record, q.verb, q.kind, r.number, r.source_id, r.currency, r.total, f.slug AS flow
FROM (SELECT lane, passage, place, record, flow, verb, kind FROM action WHERE endpoint = :connection AND flow = :flow AND state = 'ready'
    ORDER BY lane, passage, place LIMIT :limit) q
JOIN record r ON r.id = q.record JOIN flow f ON f.id = q.flow ORDER BY q.lane, q.passage, q.place;

-- name: queue_count
SELECT count(*) AS n FROM (SELECT 1 AS one FROM action WHERE endpoint = :connection AND state = 'ready' LIMIT :limit) q;

-- name: put_first
UPDATE action SET lane = 0 WHERE record IN {each_int records} AND state IN ('ready', 'blocked') AND sent IS NULL RETURNING record;
