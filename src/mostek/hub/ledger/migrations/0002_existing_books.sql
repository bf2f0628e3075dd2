-- document: the key of the document that an action makes or is about (a contact's own key for a contact);
-- version: that of the record it was planned with; expected: the statement that the target should show, JSON;
-- recheck: when it is read back again, to see whether somebody changed it there; hand: who accepted that somebody did.
ALTER TABLE action ADD COLUMN document TEXT;
ALTER TABLE action ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE action ADD COLUMN expected TEXT;
ALTER TABLE action ADD COLUMN recheck BIGINT;
ALTER TABLE action ADD COLUMN hand TEXT;
UPDATE action SET document = key WHERE verb = 'create';
UPDATE action SET document = (SELECT max(n.needs) FROM need n JOIN action d ON d.key = n.needs
    WHERE n.action = action.key AND d.record = action.record AND d.verb = 'create' AND d.kind <> 'contact') WHERE document IS NULL;
UPDATE action SET document = key WHERE document IS NULL;
CREATE INDEX action_document ON action (document);
CREATE INDEX action_effects ON action (flow, sent) WHERE kind <> 'contact';
CREATE INDEX action_waiting ON action (flow) WHERE state IN ('blocked', 'ready');
CREATE INDEX action_recheck ON action (endpoint, recheck) WHERE recheck IS NOT NULL;

-- Flows: draft (planned, never sent), live, weighing (a new version is being planned, nothing is sent until it is
-- weighed), held (the brake stopped it), paused (neither planned nor sent). unbraked: until its queue is empty.
ALTER TABLE flow ADD COLUMN problem TEXT;
ALTER TABLE flow ADD COLUMN unbraked INTEGER NOT NULL DEFAULT 0;
-- A version decides for documents issued from its day on; without a day for all that no later version decides.
ALTER TABLE flow_version ADD COLUMN effective TEXT;
-- The accountant's: nothing dated up to that day is written, changed or cancelled.
ALTER TABLE endpoint ADD COLUMN closed_until TEXT;

-- What a person tied to a document that is in the target already.
CREATE TABLE adoption (
    key TEXT PRIMARY KEY, workspace INTEGER NOT NULL, target_id TEXT NOT NULL, person TEXT NOT NULL, at BIGINT NOT NULL
);
