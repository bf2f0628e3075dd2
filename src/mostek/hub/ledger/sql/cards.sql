-- name: owners_of_names
SELECT n.name, n.key, a.passage, CASE WHEN a.sent IS NULL AND a.state IN ('blocked', 'ready', 'parked') THEN 1 ELSE 0 END AS unsent
FROM name n LEFT JOIN action a ON a.key = n.key
WHERE n.name IN {each names} AND (a.key IS NOT NULL OR EXISTS (SELECT 1 FROM agreement g WHERE g.key = n.key));

-- name: put_names
INSERT INTO name (name, key) SELECT v.name, min(v.key) FROM {rows v names: name text, key text} WHERE true GROUP BY v.name
ON CONFLICT (name) DO UPDATE SET key = excluded.key WHERE NOT EXISTS (SELECT 1 FROM action a WHERE a.key = name.key)
AND NOT EXISTS (SELECT 1 FROM agreement g WHERE g.key = name.key);

-- name: at_work_on_cards
SELECT a.document, a.passage, CASE WHEN a.sent IS NULL THEN 1 ELSE 0 END AS unsent FROM action a JOIN flow f ON f.id = a.flow
WHERE a.document IN {each documents} AND a.kind = 'contact' AND a.expected IS NOT NULL
AND (a.state IN ('sent', 'unknown', 'accepted') OR a.state IN ('ready', 'blocked') AND (f.state = 'live' OR a.sent IS NOT NULL));

-- name: agreements
SELECT key, said, unseen, revision FROM agreement WHERE key IN {each keys};

-- name: done_with_contacts
SELECT a.key, a.document, a.workspace, a.target_id, a.expected FROM action a
WHERE a.key IN {each keys} AND a.kind = 'contact' AND a.expected IS NOT NULL ORDER BY a.changed, a.key;

-- name: put_agreements
INSERT INTO agreement (key, workspace, said, unseen, revision)
SELECT v.key, v.workspace, v.said, v.unseen, 1 FROM {rows v agreements: key text, workspace integer, said text, unseen text} WHERE true
ON CONFLICT (key) DO UPDATE SET said = excluded.said, unseen = excluded.unseen, revision = agreement.revision + 1;

-- name: see_agreements
UPDATE agreement SET unseen = '' FROM {rows v agreements: key text, revision integer}
WHERE agreement.key = v.key AND agreement.revision = v.revision;

-- name: drop_agreements
DELETE FROM agreement WHERE key IN {each keys};

-- name: drop_names
DELETE FROM name WHERE key IN {each keys};

-- name: park_cards
UPDATE action SET state = 'parked', verified = NULL WHERE document IN {each keys} AND kind = 'contact' AND state IN ('done', 'alarm');
