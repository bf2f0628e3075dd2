-- A name stands for one card: of somebody in a system, or of a record of one of two systems that hold the same contacts.
CREATE TABLE name (name TEXT PRIMARY KEY, key TEXT NOT NULL);
-- What two systems last agreed on about one contact (JSON), by the key of the card; unseen: the side that was written and
-- not read since.
CREATE TABLE agreement (
    key TEXT PRIMARY KEY, workspace INTEGER NOT NULL, said TEXT NOT NULL, unseen TEXT NOT NULL, revision INTEGER NOT NULL
);
-- Contacts that are moved by themselves are effects like documents; cards made for documents are not.
CREATE INDEX action_contacts ON action (flow, sent) WHERE kind = 'contact' AND expected IS NOT NULL;
-- Some feeds, named after their kind, are read only while a flow moves that kind.
ALTER TABLE feed ADD COLUMN on_demand INTEGER NOT NULL DEFAULT 0;
CREATE VIEW wanted_feed AS SELECT f.* FROM feed f WHERE f.on_demand = 0
    OR EXISTS (SELECT 1 FROM flow_kind k WHERE k.source = f.connection AND k.kind = f.name);
