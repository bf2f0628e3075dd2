-- Records whose terms are still to be made (mostek.hub.indexing): attempts grows before a record is read for it, so that
-- one on which the program dies is told from the others. Whoever makes terms otherwise puts every record in here again.
CREATE TABLE unindexed (record BIGINT PRIMARY KEY, workspace INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, taken BIGINT NOT NULL DEFAULT 0);
INSERT INTO unindexed (record, workspace) SELECT id, workspace FROM record;
DELETE FROM installation WHERE name = 'terms';
