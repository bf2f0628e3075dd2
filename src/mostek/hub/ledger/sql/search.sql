-- name: put_unindexed
INSERT INTO unindexed (record, workspace) SELECT r.id, r.workspace FROM {rows v records: kind text, source_id text}
CROSS JOIN record r WHERE r.feed = :feed AND r.kind = v.kind AND r.source_id = v.source_id
ON CONFLICT (record) DO UPDATE SET attempts = 0, taken = 0;

-- name: to_index
SELECT 1 AS one FROM unindexed WHERE taken < {now} - 60000 LIMIT 1;

-- name: all_indexed
SELECT NOT EXISTS (SELECT 1 FROM unindexed) AS whole;

-- name: take_unindexed
UPDATE unindexed SET attempts = attempts + 1, taken = {now} WHERE record IN (
    SELECT record FROM unindexed WHERE taken < {now} - 60000 AND CASE WHEN attempts > 0 THEN 1 ELSE 0 END = CAST(:suspects AS INTEGER)
    ORDER BY record LIMIT :limit {skip_locked}) RETURNING record, attempts;

-- name: records_to_index
SELECT r.id, r.version, r.kind, r.source_id, r.number, r.currency, r.total, f.connection, c.root,
    CASE WHEN r.payload <> '' THEN r.payload ELSE coalesce((
        SELECT v.payload FROM record_version v WHERE v.record = r.id AND v.payload <> '' ORDER BY v.version DESC LIMIT 1), '') END AS payload
FROM record r JOIN feed f ON f.id = r.feed JOIN cases c ON c.id = r.case_id WHERE r.id IN {each_int records} ORDER BY r.id;

-- name: drop_terms
DELETE FROM term WHERE record IN {each_int records};

-- name: put_terms
INSERT INTO term (record, term, workspace) SELECT r.id, v.term, r.workspace FROM {rows v terms: record bigint, term text}
CROSS JOIN record r WHERE r.id = v.record ON CONFLICT DO NOTHING;

-- name: drop_unindexed
DELETE FROM unindexed WHERE record IN (SELECT v.record FROM {rows v indexed: record bigint, version integer} LEFT JOIN record r ON r.id = v.record
    WHERE r.id IS NULL OR r.version = v.version);

-- name: count_terms
SELECT count(*) AS n FROM (SELECT 1 AS one FROM term WHERE term >= :low AND term < :high LIMIT :most) AS found;

-- name: cases_of_terms
SELECT r.case_id, max(r.id) AS newest FROM (
    -- The newest of a term first: no more than these are looked at, however common a beginning is.
    SELECT t.record FROM term t WHERE t.term >= :low AND t.term < :high ORDER BY t.term DESC, t.record DESC LIMIT :most) AS found
JOIN record r ON r.id = found.record
WHERE r.workspace = :workspace AND NOT EXISTS (
    SELECT 1 FROM {rows w others: low text, high text} WHERE NOT EXISTS (
        SELECT 1 FROM term o WHERE o.record = found.record AND o.term >= w.low AND o.term < w.high))
GROUP BY r.case_id ORDER BY newest DESC LIMIT :limit;

-- name: records_with_payload
SELECT r.id, r.case_id, r.kind, r.source_id, r.version, r.number, r.currency, r.total, r.dated, r.changed, f.connection, s.slug AS source,
    c.root, r.payload = '' AS absent, CASE WHEN r.payload <> '' THEN r.payload ELSE coalesce((
        SELECT v.payload FROM record_version v WHERE v.record = r.id AND v.payload <> '' ORDER BY v.version DESC LIMIT 1), '') END AS payload
FROM record r JOIN feed f ON f.id = r.feed JOIN connection s ON s.id = f.connection JOIN cases c ON c.id = r.case_id
WHERE r.case_id IN {each_int cases} AND r.workspace = :workspace ORDER BY r.id;

-- name: courses_of_cases
SELECT p.case_id, p.id AS passage, r.id AS record, f.slug AS flow, t.slug AS target, f.state AS flow_state, coalesce(d.state, 'waiting') AS state,
    CASE WHEN d.state IS NULL OR p.planned < p.revision AND d.state = 'waiting' THEN 'planning' ELSE d.cause END AS cause,
    coalesce(d.problem, '{}') AS problem, coalesce(d.rule, '') AS rule, coalesce(d.version, f.version) AS version,
    coalesce(d.by_person, '') AS person, d.changed
FROM passage p JOIN flow f ON f.id = p.flow JOIN connection t ON t.id = f.target JOIN record r ON r.case_id = p.case_id
JOIN flow_kind k ON k.flow = p.flow AND k.kind = r.kind LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id
WHERE p.case_id IN {each_int cases} ORDER BY r.id, p.id;

-- name: actions_of_cases
SELECT p.case_id, a.key, a.passage, a.record, a.endpoint, t.slug AS target, a.verb, a.kind, a.document, a.body, a.payload, a.expected, a.state,
    a.attempts, a.version, a.sent, a.verified, a.target_id, a.target_number, a.problem, a.words, a.hand
FROM passage p JOIN action a ON a.passage = p.id JOIN connection t ON t.id = a.endpoint
WHERE p.case_id IN {each_int cases} ORDER BY a.passage, a.place, a.version;

-- name: readings_of_case
SELECT r.id AS record, v.version, v.payload = '' AS absent, v.replaced AS until FROM record r JOIN record_version v ON v.record = r.id
WHERE r.case_id = :case_id ORDER BY r.id, v.version;

-- name: put_assignments
INSERT INTO assignment (record, workspace, assignee, note, person, at)
SELECT r.id, r.workspace, CAST(:assignee AS TEXT), CAST(:note AS TEXT), CAST(:person AS TEXT), {now} FROM record r WHERE r.id IN {each_int records}
ON CONFLICT (record) DO UPDATE SET assignee = excluded.assignee, note = excluded.note, person = excluded.person, at = excluded.at
RETURNING record;

-- name: drop_assignments
DELETE FROM assignment WHERE record IN {each_int records} RETURNING record;

-- name: assignments
SELECT record, assignee, note, person, at FROM assignment WHERE record IN {each_int records} ORDER BY record;

-- name: numbers_of_records
SELECT id, kind, number, source_id FROM record WHERE id IN {each_int records} ORDER BY id;
