-- name: put_hook
INSERT INTO hook (connection, workspace, secret, digest, made) VALUES (:connection, :workspace, :secret, :digest, {now})
ON CONFLICT (connection) DO UPDATE SET secret = excluded.secret, digest = excluded.digest, made = excluded.made;

-- name: hook_digests
SELECT c.slug, h.connection, h.digest FROM hook h JOIN connection c ON c.id = h.connection;

-- name: hooks
SELECT h.connection, c.slug, h.secret, h.made, h.received, h.repeated, h.last,
    (SELECT count(*) FROM delivery d WHERE d.connection = h.connection AND d.done IS NULL) AS waiting,
    (SELECT count(*) FROM untold u JOIN feed f ON f.id = u.feed WHERE f.connection = h.connection
        AND u.at < {now} - :grace AND u.at > {now} - 86400000) AS missed
FROM hook h JOIN connection c ON c.id = h.connection ORDER BY h.connection;

-- name: receive
INSERT INTO delivery (workspace, connection, digest, body, at, due)
SELECT h.workspace, h.connection, CASE WHEN o.n < :most THEN CAST(:told AS TEXT) ELSE '' END,
    CASE WHEN o.n < :most THEN CAST(:body AS TEXT) ELSE '' END, {now}, {now} + CAST(:settles AS BIGINT)
FROM hook h CROSS JOIN (SELECT count(*) AS n FROM (
    SELECT 1 FROM delivery WHERE connection = :connection AND done IS NULL LIMIT :most) AS open_) AS o
WHERE h.connection = :connection AND h.digest = :secret
ON CONFLICT (connection, digest) DO UPDATE SET times = delivery.times + 1,
    done = CASE WHEN delivery.digest = '' THEN NULL ELSE delivery.done END RETURNING times;

-- name: count_delivery
UPDATE hook SET received = received + 1, repeated = repeated + CAST(:again AS INTEGER), last = {now} WHERE connection = :connection;

-- name: hints_due
SELECT d.connection FROM delivery d JOIN connection c ON c.id = d.connection WHERE d.done IS NULL AND c.state = 'active'
GROUP BY d.connection HAVING max(d.due) <= {now} OR min(d.due) <= {now} - CAST(:patience AS BIGINT) ORDER BY d.connection;

-- name: deliveries_due
SELECT id, body, times FROM delivery WHERE connection = :connection AND done IS NULL AND due <= {now} ORDER BY id LIMIT :most;

-- name: feeds_of
SELECT id, name, problem IS NOT NULL AND due > {now} AS away FROM wanted_feed WHERE connection = :connection ORDER BY id;

-- name: mark_feeds
UPDATE feed SET due = 0 WHERE id IN {each_int feeds} AND lease < {now} RETURNING id;

-- name: mark_told
UPDATE feed SET told = {now} WHERE id = :feed;

-- name: drop_untold
DELETE FROM untold WHERE feed = :feed AND source_id IN {each ids};

-- name: note_untold
INSERT INTO untold (feed, kind, source_id, workspace, at)
SELECT r.feed, r.kind, r.source_id, r.workspace, {now} FROM {rows v records: kind text, source_id text}
CROSS JOIN record r JOIN feed f ON f.id = r.feed
WHERE r.feed = :feed AND r.kind = v.kind AND r.source_id = v.source_id AND f.told IS NOT NULL AND r.changed >= :began
ON CONFLICT (feed, kind, source_id) DO UPDATE SET at = excluded.at;

-- name: forget_untold
DELETE FROM untold WHERE feed = :feed AND at < {now} - 2592000000;

-- name: finish_deliveries
UPDATE delivery SET done = {now}, body = '' FROM {rows v seen: id bigint, times integer}
WHERE delivery.id = v.id AND (delivery.digest <> '' OR delivery.times = v.times);

-- name: postpone_deliveries
UPDATE delivery SET due = {now} + CAST(:pause AS BIGINT) WHERE id IN {each_int ids} AND done IS NULL;

-- name: forget_deliveries
DELETE FROM delivery WHERE connection = :connection AND done < {now} - CAST(:age AS BIGINT);
