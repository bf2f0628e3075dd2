-- name: standing_all
SELECT r.id, r.kind, r.number, r.source_id, r.case_id, coalesce(d.state, 'waiting') AS state, coalesce(d.cause, 'planning') AS cause, d.problem
FROM record r JOIN passage p ON p.case_id = r.case_id JOIN flow_kind k ON k.flow = p.flow AND k.kind = r.kind
LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id ORDER BY r.id;
