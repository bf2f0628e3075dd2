-- name: put_installation
INSERT INTO installation (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: drop_installation
DELETE FROM installation WHERE name = :name;

-- name: reached
SELECT CAST(coalesce((SELECT sum(fence) FROM endpoint), 0) + coalesce((SELECT sum(fence) FROM feed), 0) AS BIGINT) AS fences;

-- name: place_of_database
SELECT current_database() AS name, coalesce(a.address, 'localhost') AS host, concat_ws(' ', a.address, current_setting('port'),
    (SELECT oid FROM pg_database WHERE datname = current_database()), CAST(CAST('installation' AS regclass) AS oid)) AS place
FROM (SELECT CASE WHEN inet_server_addr() <<= inet '127.0.0.0/8' OR inet_server_addr() = inet '::1' THEN NULL
    ELSE host(inet_server_addr()) END AS address) AS a;

-- name: place_of_cluster
SELECT concat_ws(' ', system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8)) AS place FROM pg_control_system();

-- name: free_endpoints
UPDATE endpoint SET owner = NULL, lease = 0 WHERE lease > 0;

-- name: free_feeds
UPDATE feed SET owner = NULL, lease = 0, passes = 0;

-- name: free_passages
UPDATE passage SET owner = NULL, lease = 0 WHERE lease > 0;

-- name: release_brakes
UPDATE flow SET unbraked = 1 WHERE state = 'live';

-- name: revoke_endpoint
UPDATE endpoint SET owner = NULL WHERE owner IS NOT NULL AND (connection = :connection OR :connection = 0);

-- name: revoke_feeds
UPDATE feed SET owner = NULL WHERE owner IS NOT NULL AND (connection = :connection OR :connection = 0);

-- name: free_revoked_endpoint
UPDATE endpoint SET lease = 0 WHERE owner IS NULL AND (connection = :connection OR :connection = 0);

-- name: free_revoked_feeds
UPDATE feed SET lease = 0 WHERE owner IS NULL AND (connection = :connection OR :connection = 0);

-- name: pause_connection
UPDATE connection SET state = 'paused' WHERE id = :connection;

-- name: resume_connection
UPDATE connection SET state = CASE WHEN problem IS NULL THEN 'active' ELSE 'stopped' END WHERE id = :connection AND state = 'paused';

-- name: work_allowed
SELECT count(*) AS n FROM endpoint e JOIN connection c ON c.id = e.connection WHERE c.state = 'active' AND (
    EXISTS (SELECT 1 FROM action a WHERE a.endpoint = e.connection AND a.state IN ('sent', 'unknown', 'accepted'))
    OR EXISTS (SELECT 1 FROM action a JOIN flow f ON f.id = a.flow WHERE a.endpoint = e.connection AND a.state = 'ready'
        AND f.state = 'live')
    OR EXISTS (SELECT 1 FROM action a WHERE a.endpoint = e.connection AND a.state = 'done' AND a.verified IS NULL));

-- name: owners
SELECT owner FROM endpoint WHERE owner IS NOT NULL UNION SELECT owner FROM feed WHERE owner IS NOT NULL
UNION SELECT owner FROM passage WHERE owner IS NOT NULL AND planned < revision;

-- name: sent_by_owners
UPDATE action SET sent = {now} WHERE state IN ('sent', 'unknown', 'accepted') AND state = 'sent'
AND endpoint IN (SELECT connection FROM endpoint WHERE owner IN {each owners});

-- name: free_endpoints_of
UPDATE endpoint SET owner = NULL, lease = 0 WHERE owner IN {each owners};

-- name: free_feeds_of
UPDATE feed SET owner = NULL, lease = 0 WHERE owner IN {each owners};

-- name: free_passages_of
UPDATE passage SET owner = NULL, lease = 0 WHERE owner IN {each owners} AND planned < revision;
