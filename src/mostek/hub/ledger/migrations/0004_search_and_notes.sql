-- By what records are found: folded words, identifiers, amounts (mostek.core.terms).
CREATE TABLE term (
    record BIGINT NOT NULL, term TEXT {by_bytes} NOT NULL, workspace INTEGER NOT NULL, PRIMARY KEY (record, term)
) {clustered};
CREATE INDEX term_record ON term (term, record);

-- Who looks after a record, and what people told each other about it.
CREATE TABLE assignment (
    record BIGINT PRIMARY KEY REFERENCES record, workspace INTEGER NOT NULL, assignee TEXT NOT NULL, note TEXT NOT NULL,
    person TEXT NOT NULL, at BIGINT NOT NULL
);
