-- name: reconciled_records
SELECT r.id AS record, r.kind, r.number, r.source_id, r.currency, r.total, r.dated, r.version, r.fingerprint,
    coalesce(d.state, 'waiting') AS state, coalesce(d.cause, 'planning') AS cause, coalesce(d.problem, '{}') AS problem,
    coalesce(d.rule, '') AS rule, a.key, a.state AS action_state, a.version AS carried, a.target_id, a.hand, a.expected,
    CASE WHEN a.expected IS NULL THEN a.body END AS body,
    EXISTS (SELECT 1 FROM need n JOIN action c ON c.key = n.action WHERE n.needs = a.key AND c.document = a.document
        AND c.verb = 'cancel' AND c.state = 'done') AS cancelled
FROM (
    -- By record, so that each page begins where the last one ended: the order of the tables is meant.
    SELECT r.id, p.id AS passage FROM record r CROSS JOIN passage p
    WHERE p.case_id = r.case_id AND p.flow = :flow AND r.id > :after AND r.kind IN {each kinds} AND (
        CAST(:chosen AS INTEGER) = 1 AND r.id IN {each_int records}
        OR CAST(:chosen AS INTEGER) = 0 AND (r.dated IS NULL OR r.dated BETWEEN :since AND :until OR EXISTS (
            SELECT 1 FROM action a WHERE a.passage = p.id AND a.record = r.id AND a.version NOT IN (0, r.version))))
    ORDER BY r.id LIMIT :limit) page
JOIN record r ON r.id = page.id
LEFT JOIN decision d ON d.passage = page.passage AND d.record = r.id
LEFT JOIN action a ON a.passage = page.passage AND a.record = r.id AND a.kind = r.kind AND a.verb IN ('create', 'adopt')
ORDER BY r.id, a.version;

-- name: booked_for_records
SELECT a.record, a.verb, a.state, CASE WHEN a.verb = 'settle' THEN a.body END AS body
FROM record r CROSS JOIN passage p CROSS JOIN action a  -- in this order, for they are some records of many
WHERE p.case_id = r.case_id AND p.flow = :flow AND a.passage = p.id AND a.record = r.id AND r.id IN {each_int records} AND a.verb IN ('settle', 'link') AND a.state IN ('sent', 'unknown', 'accepted', 'done', 'alarm');

-- name: owners_of_keys
SELECT a.key, a.record, a.verb, f.slug AS flow FROM action a JOIN flow f ON f.id = a.flow
WHERE a.endpoint = :target AND a.key IN {each keys};

-- name: intents_of_keys
SELECT key, body, payload, target_id FROM action WHERE key IN {each keys};

-- name: numbers_of_flow
SELECT r.id AS record, r.kind, r.number, r.dated, r.fingerprint = 'absent' AS absent
FROM record r CROSS JOIN passage p WHERE p.case_id = r.case_id AND p.flow = :flow AND r.id > :after AND r.kind IN {each kinds}
AND r.dated BETWEEN :since AND :until AND r.number <> '' ORDER BY r.id LIMIT :limit;

-- name: carried_numbers
SELECT r.number, a.target_number, r.kind, r.dated, a.state AS action_state, coalesce(d.state, 'waiting') AS state,
    coalesce(d.cause, 'planning') AS cause, coalesce(d.rule, '') AS rule
FROM record r JOIN passage p ON p.case_id = r.case_id AND p.flow = :flow
LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id
LEFT JOIN action a ON a.passage = p.id AND a.record = r.id AND a.kind = r.kind AND a.verb IN ('create', 'adopt')
WHERE r.kind IN {each kinds} AND (r.number IN {each numbers} OR a.target_number IN {each numbers});

-- name: numbers_of_source
SELECT r.number, r.kind, r.dated, r.source_id, r.fingerprint = 'absent' AS absent FROM record r JOIN feed f ON f.id = r.feed
WHERE f.connection = :source AND r.kind NOT IN ('order', 'contact') AND (r.number IN {each numbers} OR r.source_id IN {each numbers});

-- name: fingerprints_of_source
SELECT r.kind, r.source_id, r.fingerprint FROM record r JOIN feed f ON f.id = r.feed
WHERE f.connection = :source AND r.source_id IN {each ids};
