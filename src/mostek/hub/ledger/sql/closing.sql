-- name: documents_of_period
SELECT r.kind, r.currency, count(*) AS n, CAST(coalesce(sum(r.total), 0) AS BIGINT) AS total
FROM flow f CROSS JOIN feed s CROSS JOIN record r
WHERE f.id = :flow AND s.connection = f.source AND r.feed = s.id AND r.dated BETWEEN :since AND :until AND r.kind IN {each kinds}
AND r.kind IN (SELECT k.kind FROM flow_kind k WHERE k.flow = :flow) GROUP BY 1, 2 ORDER BY 1, 2;

-- name: open_of_period
-- What is not done is little beside a whole month, and is found by its state; what has no decision yet, by its passage.
SELECT x.kind, x.currency, x.state, x.cause, count(*) AS n, CAST(coalesce(sum(x.total), 0) AS BIGINT) AS total, max(x.problem) AS problem
FROM (
    SELECT r.kind, r.currency, d.state, d.cause, r.total, r.dated, d.problem
    FROM decision d CROSS JOIN passage p CROSS JOIN record r
    WHERE d.state IN ('waiting', 'in_doubt', 'parked', 'excluded') AND p.id = d.passage AND p.flow = :flow AND r.id = d.record
    UNION ALL
    SELECT r.kind, r.currency, 'waiting', 'planning', r.total, r.dated, NULL
    FROM passage p CROSS JOIN record r
    WHERE p.flow = :flow AND p.planned < p.revision AND r.case_id = p.case_id
    AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.passage = p.id AND d.record = r.id)) x
WHERE x.dated BETWEEN :since AND :until AND x.kind IN {each kinds} AND x.kind IN (SELECT k.kind FROM flow_kind k WHERE k.flow = :flow)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;

-- name: undated_of_flow
SELECT coalesce(d.state, 'waiting') AS state, count(*) AS n
FROM flow f CROSS JOIN feed s CROSS JOIN record r JOIN flow_kind k ON k.flow = f.id AND k.kind = r.kind
JOIN passage p ON p.flow = f.id AND p.case_id = r.case_id LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id
WHERE f.id = :flow AND s.connection = f.source AND r.feed = s.id AND r.dated IS NULL AND r.kind IN {each kinds}
GROUP BY 1 ORDER BY 1;

-- name: changed_in_period
SELECT r.id AS record, r.kind, r.number, r.source_id, r.currency, r.total, r.dated, r.version, r.changed,
    r.fingerprint = 'absent' AS absent, coalesce(d.state, 'waiting') AS state, coalesce(d.cause, 'planning') AS cause
FROM flow f CROSS JOIN feed s CROSS JOIN record r JOIN flow_kind k ON k.flow = f.id AND k.kind = r.kind
JOIN passage p ON p.flow = f.id AND p.case_id = r.case_id LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id
WHERE f.id = :flow AND s.connection = f.source AND r.feed = s.id AND r.dated BETWEEN :since AND :until AND r.kind IN {each kinds}
AND r.changed > :at ORDER BY r.dated, r.id LIMIT :limit;

-- name: closings
SELECT id, at, person, request FROM audit WHERE command = 'books.close' ORDER BY id DESC LIMIT 500;

-- name: watermarks_of_source
SELECT name, watermark FROM feed WHERE connection = :source ORDER BY name;

-- name: put_reconciled
INSERT INTO reconciled (flow, since, until, workspace, at, differences, told, body)
VALUES (:flow, :since, :until, :workspace, {now}, :differences, :told, :body)
ON CONFLICT (flow, since, until) DO UPDATE SET at = excluded.at, differences = excluded.differences, told = excluded.told, body = excluded.body;

-- name: reconciled
SELECT at, differences, told, body FROM reconciled WHERE flow = :flow AND since = :since AND until = :until;

-- name: sent_documents
SELECT a.key, r.id AS record, r.kind, r.number, r.source_id, r.currency, r.total, r.dated, a.verb, a.place, a.state, a.target_id,
    a.target_number, a.sent, CASE WHEN CAST(:whole AS INTEGER) = 1 THEN a.payload END AS payload
FROM flow f CROSS JOIN feed s CROSS JOIN record r JOIN passage p ON p.flow = f.id AND p.case_id = r.case_id
JOIN action a ON a.passage = p.id AND a.record = r.id
WHERE f.id = :flow AND s.connection = f.source AND r.feed = s.id AND r.dated = :day AND r.id > :after AND r.kind IN {each kinds}
AND a.sent IS NOT NULL AND a.kind = r.kind AND a.verb IN ('create', 'adopt', 'update', 'cancel')
ORDER BY r.id, a.sent, a.place LIMIT :limit;

-- name: next_day_of_flow
SELECT min(x.day) AS day FROM (
    SELECT (SELECT min(r.dated) FROM record r WHERE r.feed = s.id AND r.dated >= :since AND r.dated <= :until) AS day
    FROM flow f JOIN feed s ON s.connection = f.source WHERE f.id = :flow) x;
