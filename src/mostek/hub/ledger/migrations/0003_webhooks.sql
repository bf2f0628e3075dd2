-- The secret end of the address at which a system tells that something changed there: locked, and as the digest that
-- calls are compared with. received counts every call, repeated those that said nothing new.
CREATE TABLE hook (
    connection BIGINT PRIMARY KEY REFERENCES connection, workspace INTEGER NOT NULL, secret TEXT NOT NULL, digest TEXT NOT NULL,
    made BIGINT NOT NULL, received BIGINT NOT NULL DEFAULT 0, repeated BIGINT NOT NULL DEFAULT 0, last BIGINT
);

-- What was told, once however often it was sent. Nothing is read for it before it is due; done: when all it names had
-- been read, and its body was dropped. One without body and digest says that anything may have changed.
CREATE TABLE delivery (
    id {id}, workspace INTEGER NOT NULL, connection BIGINT NOT NULL REFERENCES connection, digest TEXT NOT NULL,
    body TEXT NOT NULL, at BIGINT NOT NULL, due BIGINT NOT NULL, times INTEGER NOT NULL DEFAULT 1, done BIGINT,
    UNIQUE (connection, digest)
);
CREATE INDEX delivery_open ON delivery (connection, due) WHERE done IS NULL;

-- told: when a call last named something of this feed. Where that happens, what a pass finds changed by itself is kept
-- as untold until a call names it: what stays was missed.
ALTER TABLE feed ADD COLUMN told BIGINT;
CREATE TABLE untold (
    feed BIGINT NOT NULL REFERENCES feed, kind TEXT NOT NULL, source_id TEXT NOT NULL, workspace INTEGER NOT NULL,
    at BIGINT NOT NULL, PRIMARY KEY (feed, kind, source_id)
);
