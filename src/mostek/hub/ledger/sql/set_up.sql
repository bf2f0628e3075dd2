-- name: set_schedule
UPDATE feed SET every = :every, timetable = :timetable,
    due = CASE WHEN CAST(:every AS BIGINT) > 0 AND due < {now} + CAST(:pause AS BIGINT) THEN due ELSE {now} + CAST(:pause AS BIGINT) END
WHERE connection = :connection AND name = :name RETURNING id;

-- name: read_now
UPDATE feed SET due = 0 WHERE connection = :connection AND (name = :name OR :name = '') RETURNING id;

-- name: contacts
SELECT c.id, (SELECT max(d.last_ok) FROM feed d WHERE d.connection = c.id) AS seen, (SELECT max(w.sent) FROM (
    SELECT (SELECT max(a.sent) FROM action a WHERE a.flow = f.id AND a.kind <> 'contact') AS sent
    FROM flow f WHERE f.target = c.id) AS w) AS written
FROM connection c;

-- name: written_lately
SELECT f.slug, (SELECT count(*) FROM action a WHERE a.flow = f.id AND a.kind <> 'contact' AND a.sent > {now} - 86400000) AS n
FROM flow f WHERE f.target = :connection AND f.state <> 'removed' ORDER BY f.id;

-- name: uses
SELECT
    (SELECT count(*) FROM record r JOIN feed d ON d.id = r.feed WHERE d.connection = c.id AND r.fingerprint <> 'absent') AS records,
    (SELECT count(*) FROM flow f JOIN action a ON a.flow = f.id WHERE (f.source = c.id OR f.target = c.id)
        AND a.verb IN ('create', 'adopt') AND a.kind <> 'contact' AND a.state IN ('done', 'alarm')) AS documents,
    (SELECT count(*) FROM flow f JOIN passage p ON p.flow = f.id JOIN decision d ON d.passage = p.id
        WHERE (f.source = c.id OR f.target = c.id) AND f.state <> 'removed' AND d.state IN ('waiting', 'parked')) AS open,
    (SELECT count(*) FROM flow f JOIN action a ON a.flow = f.id WHERE (f.source = c.id OR f.target = c.id)
        AND a.state IN ('sent', 'unknown', 'accepted')) AS unsettled
FROM connection c WHERE c.id = :connection;

-- name: use_of_flow
SELECT
    (SELECT count(*) FROM action a WHERE a.flow = :flow AND a.verb IN ('create', 'adopt') AND a.kind <> 'contact'
        AND a.state IN ('done', 'alarm')) AS documents,
    (SELECT count(*) FROM passage p JOIN decision d ON d.passage = p.id WHERE p.flow = :flow AND d.state IN ('waiting', 'parked')) AS open,
    (SELECT count(*) FROM action a WHERE a.flow = :flow AND a.state IN ('sent', 'unknown', 'accepted')
        OR a.flow = :flow AND a.state = 'ready' AND a.sent IS NOT NULL) AS unsettled;

-- name: unsent_of_flow
SELECT key, passage FROM action WHERE flow = :flow AND sent IS NULL AND target_id IS NULL AND state IN ('blocked', 'ready', 'parked');

-- name: forget_actions
DELETE FROM action WHERE key IN {each keys} AND sent IS NULL;

-- name: forget_open_decisions
DELETE FROM decision WHERE state <> 'done' AND passage IN (SELECT id FROM passage WHERE flow = :flow);

-- name: remove_flow
UPDATE flow SET state = 'removed', slug = slug || '~' || id, unbraked = 0, problem = NULL WHERE id = :flow;

-- name: remove_connection
UPDATE connection SET state = 'removed', settings = '{}', secrets = :secrets, problem = NULL WHERE id = :connection;

-- name: forget_feeds
UPDATE feed SET problem = NULL, owner = NULL, lease = 0 WHERE connection = :connection;

-- name: versions_of_flow
SELECT v.version, v.policy, v.effective, v.saved FROM flow_version v WHERE v.flow = :flow ORDER BY v.version DESC LIMIT 100;

-- name: latest_cases
SELECT DISTINCT r.case_id FROM (SELECT r.id, r.case_id, r.kind FROM record r JOIN feed d ON d.id = r.feed
    WHERE d.connection = :source AND r.kind IN {each kinds} AND r.fingerprint <> 'absent' ORDER BY r.id DESC LIMIT :limit) AS r;

-- name: issued_before
SELECT count(*) AS n FROM record r JOIN feed d ON d.id = r.feed WHERE d.connection = :source AND r.kind IN {each kinds}
AND r.fingerprint <> 'absent' AND r.dated < :day;

-- name: kinds_of_source
SELECT r.kind, count(*) AS n, min(r.dated) AS earliest, max(r.dated) AS latest FROM record r JOIN feed d ON d.id = r.feed
WHERE d.connection = :source AND r.fingerprint <> 'absent' GROUP BY r.kind ORDER BY r.kind;
