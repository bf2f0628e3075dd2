-- The database itself notes what is to be counted, in the commit that stores it.
CREATE TRIGGER uncounted_new AFTER INSERT ON record WHEN NEW.kind IN ('invoice', 'credit_note', 'receipt') BEGIN
    INSERT INTO uncounted (record, version) VALUES (NEW.id, NEW.version)
    ON CONFLICT (record) DO UPDATE SET version = excluded.version; END;
CREATE TRIGGER uncounted_changed AFTER UPDATE OF version ON record WHEN NEW.kind IN ('invoice', 'credit_note', 'receipt') BEGIN
    INSERT INTO uncounted (record, version) VALUES (NEW.id, NEW.version)
    ON CONFLICT (record) DO UPDATE SET version = excluded.version; END;
