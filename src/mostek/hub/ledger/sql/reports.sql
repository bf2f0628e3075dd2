-- name: standing_all
SELECT r.id, r.kind, r.number, r.source_id, r.case_id, coalesce(d.state, 'waiting') AS state, coalesce(d.cause, 'planning') AS cause, d.problem
FROM record r JOIN passage p ON p.case_id = r.case_id JOIN flow_kind k ON k.flow = p.flow AND k.kind = r.kind
LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id ORDER BY r.id;

-- name: standing
SELECT p.flow, r.kind, r.currency, coalesce(d.state, 'waiting') AS state,
    CASE WHEN d.state IS NULL THEN 'planning' WHEN d.state = 'done' THEN '' ELSE d.cause END AS cause,
    count(*) AS n, CAST(coalesce(sum(r.total), 0) AS BIGINT) AS total
FROM record r JOIN passage p ON p.case_id = r.case_id JOIN flow_kind k ON k.flow = p.flow AND k.kind = r.kind
LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;

-- name: oldest_by_cause
SELECT d.state, d.cause, count(*) AS n, {now} - min(d.changed) AS oldest_ms, max(d.problem) AS problem FROM decision d
WHERE d.state <> 'done' GROUP BY d.state, d.cause ORDER BY d.state, d.cause;

-- name: queue_lengths
SELECT a.endpoint, a.state, count(*) AS n FROM action a WHERE a.state <> 'done' GROUP BY a.endpoint, a.state ORDER BY 1, 2;

-- name: endpoints
SELECT e.connection, e.problem, e.not_before - {now} AS due_ms FROM endpoint e ORDER BY e.connection;

-- name: inbox
SELECT d.passage, d.record, d.cause, d.problem, d.rule, r.kind, r.number, r.source_id, r.currency, r.total, f.slug AS flow, r.case_id
FROM decision d JOIN record r ON r.id = d.record JOIN passage p ON p.id = d.passage JOIN flow f ON f.id = p.flow
WHERE d.state = 'parked' AND (d.cause = :cause OR :cause = '') AND d.record > :after ORDER BY d.record LIMIT :limit;

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
