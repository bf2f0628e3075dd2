-- name: standing_of_period
SELECT r.kind, r.currency, coalesce(d.state, 'waiting') AS state,
    CASE WHEN d.state IS NULL THEN 'planning' WHEN d.state = 'done' THEN '' ELSE d.cause END AS cause,
    count(*) AS n, CAST(coalesce(sum(r.total), 0) AS BIGINT) AS total
FROM flow f CROSS JOIN feed s CROSS JOIN record r JOIN flow_kind k ON k.flow = f.id AND k.kind = r.kind
JOIN passage p ON p.flow = f.id AND p.case_id = r.case_id LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id
WHERE f.id = :flow AND s.connection = f.source AND r.feed = s.id AND r.dated BETWEEN :since AND :until AND r.kind IN {each kinds}
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

-- name: days_of_flow
SELECT DISTINCT r.dated FROM flow f CROSS JOIN feed s CROSS JOIN record r
WHERE f.id = :flow AND s.connection = f.source AND r.feed = s.id AND r.dated BETWEEN :since AND :until ORDER BY r.dated LIMIT :limit;
