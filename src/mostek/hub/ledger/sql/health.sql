-- name: closed_endpoints
SELECT connection, closed_until FROM endpoint ORDER BY connection;

-- name: clock
SELECT {now} AS now;

-- name: quick_check
PRAGMA quick_check(10);

-- name: quick_check_traces
PRAGMA trace.quick_check(10);

-- name: leases
SELECT 'feed' AS kind, owner, max(lease) - {now} AS left_ms FROM feed WHERE owner IS NOT NULL AND lease > {now} GROUP BY owner
UNION ALL SELECT 'endpoint', owner, max(lease) - {now} FROM endpoint WHERE owner IS NOT NULL AND lease > {now} GROUP BY owner
UNION ALL SELECT 'passage', owner, max(lease) - {now} FROM passage WHERE owner IS NOT NULL AND lease > {now} GROUP BY owner;

-- name: unaccounted
SELECT f.slug, count(*) AS records, count(d.record) AS decided,
    sum(CASE WHEN d.record IS NULL AND p.planned < p.revision THEN 1 ELSE 0 END) AS to_decide
FROM flow f JOIN flow_kind k ON k.flow = f.id JOIN feed e ON e.connection = f.source JOIN record r ON r.feed = e.id AND r.kind = k.kind
LEFT JOIN passage p ON p.flow = f.id AND p.case_id = r.case_id LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id
GROUP BY f.slug ORDER BY f.slug;

-- name: flows_saved
SELECT f.slug, f.state, f.problem, {now} - v.saved AS saved_ms FROM flow f JOIN flow_version v ON v.flow = f.id AND v.version = f.version
ORDER BY f.id;
