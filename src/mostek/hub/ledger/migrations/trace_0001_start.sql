-- The stored story of each case, in a database of its own: it is large, and it is erased by age and by case.
CREATE TABLE {trace}step (
    id {id}, workspace INTEGER NOT NULL, case_id BIGINT NOT NULL, passage BIGINT, action TEXT, kind TEXT NOT NULL,
    at BIGINT NOT NULL, body {bytes} NOT NULL
);
CREATE INDEX {trace_index}step_case ON {trace_on}step (case_id, id);
