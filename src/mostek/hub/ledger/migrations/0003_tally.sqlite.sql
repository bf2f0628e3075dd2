-- How many records of a flow and kind stand where, kept up by the database itself with each change, so that nobody has
-- to count a million rows to look at them. A record of a case that a flow carries counts as waiting for its planning; a
-- decision takes it from there to its own state. A kind that a flow takes up is counted then.
CREATE TABLE tally (
    flow BIGINT NOT NULL, kind TEXT NOT NULL, currency TEXT NOT NULL, state TEXT NOT NULL, cause TEXT NOT NULL,
    slot INTEGER NOT NULL DEFAULT 0, n BIGINT NOT NULL, total BIGINT NOT NULL,
    PRIMARY KEY (flow, kind, currency, state, cause, slot)
) WITHOUT ROWID;
-- What a decision adds to the counts of its record's kind.
CREATE VIEW shift AS SELECT passage, record, state, CASE WHEN state = 'done' THEN '' ELSE cause END AS cause, 1 AS n FROM decision
    UNION ALL SELECT passage, record, 'waiting', 'planning', -1 FROM decision;
CREATE TRIGGER tally_record AFTER INSERT ON record BEGIN
    INSERT INTO tally (flow, kind, currency, state, cause, n, total)
    SELECT p.flow, NEW.kind, coalesce(NEW.currency, ''), 'waiting', 'planning', 1, coalesce(NEW.total, 0)
    FROM passage p JOIN flow_kind k ON k.flow = p.flow AND k.kind = NEW.kind WHERE p.case_id = NEW.case_id
    ON CONFLICT DO UPDATE SET n = n + excluded.n, total = total + excluded.total; END;
CREATE TRIGGER tally_record_changed AFTER UPDATE OF case_id, currency, total ON record
    WHEN OLD.case_id <> NEW.case_id OR OLD.currency IS NOT NEW.currency OR OLD.total IS NOT NEW.total BEGIN
    INSERT INTO tally (flow, kind, currency, state, cause, n, total)
    SELECT p.flow, NEW.kind, v.currency, 'waiting', 'planning', v.n, v.n * v.total
    FROM (SELECT OLD.case_id AS case_id, coalesce(OLD.currency, '') AS currency, coalesce(OLD.total, 0) AS total, -1 AS n
        UNION ALL SELECT NEW.case_id, coalesce(NEW.currency, ''), coalesce(NEW.total, 0), 1) v
    JOIN passage p ON p.case_id = v.case_id JOIN flow_kind k ON k.flow = p.flow AND k.kind = NEW.kind WHERE true
    ON CONFLICT DO UPDATE SET n = n + excluded.n, total = total + excluded.total;
    INSERT INTO tally (flow, kind, currency, state, cause, n, total)
    SELECT p.flow, NEW.kind, v.currency, s.state, s.cause, s.n * v.n, s.n * v.n * v.total
    FROM (SELECT coalesce(OLD.currency, '') AS currency, coalesce(OLD.total, 0) AS total, -1 AS n
        UNION ALL SELECT coalesce(NEW.currency, ''), coalesce(NEW.total, 0), 1) v
    JOIN shift s JOIN passage p ON p.id = s.passage JOIN flow_kind k ON k.flow = p.flow AND k.kind = NEW.kind WHERE s.record = NEW.id
    ON CONFLICT DO UPDATE SET n = n + excluded.n, total = total + excluded.total; END;
CREATE TRIGGER tally_passage AFTER INSERT ON passage BEGIN
    INSERT INTO tally (flow, kind, currency, state, cause, n, total)
    SELECT NEW.flow, r.kind, coalesce(r.currency, ''), 'waiting', 'planning', 1, coalesce(r.total, 0)
    FROM record r JOIN flow_kind k ON k.flow = NEW.flow AND k.kind = r.kind WHERE r.case_id = NEW.case_id
    ON CONFLICT DO UPDATE SET n = n + excluded.n, total = total + excluded.total; END;
CREATE TRIGGER tally_decision AFTER INSERT ON decision BEGIN
    INSERT INTO tally (flow, kind, currency, state, cause, n, total)
    SELECT p.flow, r.kind, coalesce(r.currency, ''), v.state, v.cause, v.n, v.n * coalesce(r.total, 0)
    FROM (SELECT NEW.state AS state, CASE WHEN NEW.state = 'done' THEN '' ELSE NEW.cause END AS cause, 1 AS n
        UNION ALL SELECT 'waiting', 'planning', -1) v
    JOIN record r ON r.id = NEW.record JOIN passage p ON p.id = NEW.passage JOIN flow_kind k ON k.flow = p.flow AND k.kind = r.kind WHERE true
    ON CONFLICT DO UPDATE SET n = n + excluded.n, total = total + excluded.total; END;
CREATE TRIGGER tally_decision_changed AFTER UPDATE OF state, cause ON decision
    WHEN OLD.state <> NEW.state OR OLD.cause <> NEW.cause BEGIN
    INSERT INTO tally (flow, kind, currency, state, cause, n, total)
    SELECT p.flow, r.kind, coalesce(r.currency, ''), v.state, v.cause, v.n, v.n * coalesce(r.total, 0)
    FROM (SELECT NEW.state AS state, CASE WHEN NEW.state = 'done' THEN '' ELSE NEW.cause END AS cause, 1 AS n
        UNION ALL SELECT OLD.state, CASE WHEN OLD.state = 'done' THEN '' ELSE OLD.cause END, -1) v
    JOIN record r ON r.id = NEW.record JOIN passage p ON p.id = NEW.passage JOIN flow_kind k ON k.flow = p.flow AND k.kind = r.kind WHERE true
    ON CONFLICT DO UPDATE SET n = n + excluded.n, total = total + excluded.total; END;
CREATE TRIGGER tally_kind AFTER INSERT ON flow_kind BEGIN
    INSERT INTO tally (flow, kind, currency, state, cause, n, total)
    SELECT NEW.flow, r.kind, coalesce(r.currency, ''), coalesce(d.state, 'waiting'),
        CASE WHEN d.state IS NULL THEN 'planning' WHEN d.state = 'done' THEN '' ELSE d.cause END, count(*), sum(coalesce(r.total, 0))
    FROM passage p JOIN record r ON r.case_id = p.case_id AND r.kind = NEW.kind LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id
    WHERE p.flow = NEW.flow GROUP BY 1, 2, 3, 4, 5; END;
CREATE TRIGGER tally_kind_gone AFTER DELETE ON flow_kind BEGIN
    DELETE FROM tally WHERE flow = OLD.flow AND kind = OLD.kind; END;
INSERT INTO tally (flow, kind, currency, state, cause, n, total)
    SELECT p.flow, r.kind, coalesce(r.currency, ''), coalesce(d.state, 'waiting'),
        CASE WHEN d.state IS NULL THEN 'planning' WHEN d.state = 'done' THEN '' ELSE d.cause END, count(*), sum(coalesce(r.total, 0))
    FROM record r JOIN passage p ON p.case_id = r.case_id JOIN flow_kind k ON k.flow = p.flow AND k.kind = r.kind
    LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id GROUP BY 1, 2, 3, 4, 5;
CREATE INDEX decision_oldest ON decision (state, cause, changed);
DROP INDEX decision_state;
