-- What the documents of the sources come to, so that nobody has to add up a million to look at a year. Each document
-- adds what it was counted with (counted.body), and takes that back before it is counted anew.
CREATE TABLE counted (
    record BIGINT PRIMARY KEY REFERENCES record, workspace INTEGER NOT NULL, connection BIGINT NOT NULL, version INTEGER NOT NULL,
    dated TEXT, due TEXT, currency TEXT, unpaid BIGINT NOT NULL, readable INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX counted_unpaid ON counted (connection, dated) WHERE unpaid <> 0;
CREATE INDEX counted_unreadable ON counted (connection, dated) WHERE readable = 0;
-- Documents that were read or have changed since they were counted.
CREATE TABLE uncounted (record BIGINT PRIMARY KEY, version INTEGER NOT NULL);
INSERT INTO uncounted (record, version) SELECT id, version FROM record WHERE kind IN ('invoice', 'credit_note', 'receipt');

-- grain: day or month, as the period is written. A credit note's amounts are positive: its kind carries the sign.
CREATE TABLE sale (
    grain TEXT NOT NULL, period TEXT NOT NULL, connection BIGINT NOT NULL, kind TEXT NOT NULL, currency TEXT NOT NULL,
    country TEXT NOT NULL, n BIGINT NOT NULL, net BIGINT NOT NULL, tax BIGINT NOT NULL, gross BIGINT NOT NULL,
    PRIMARY KEY (grain, period, connection, kind, currency, country)
);
-- By month of issue and of supply; net is the base.
CREATE TABLE sale_vat (
    issued TEXT NOT NULL, supplied TEXT NOT NULL, connection BIGINT NOT NULL, kind TEXT NOT NULL, currency TEXT NOT NULL,
    category TEXT NOT NULL, rate TEXT NOT NULL, country TEXT NOT NULL, n BIGINT NOT NULL, net BIGINT NOT NULL,
    tax BIGINT NOT NULL, gross BIGINT NOT NULL,
    PRIMARY KEY (issued, supplied, connection, kind, currency, category, rate, country)
);
-- By month of issue; quantity in millionths. product is the code, or the name where there is none.
CREATE TABLE sale_product (
    month TEXT NOT NULL, connection BIGINT NOT NULL, kind TEXT NOT NULL, currency TEXT NOT NULL, line TEXT NOT NULL,
    product TEXT NOT NULL, name TEXT NOT NULL, n BIGINT NOT NULL, quantity BIGINT NOT NULL, net BIGINT NOT NULL,
    gross BIGINT NOT NULL,
    PRIMARY KEY (month, connection, kind, currency, line, product)
);
-- How the last comparison of both sides of a flow in a period went; body is its sums by currency, kind and VAT bucket.
CREATE TABLE reconciled (
    flow BIGINT NOT NULL REFERENCES flow, since TEXT NOT NULL, until TEXT NOT NULL, workspace INTEGER NOT NULL, at BIGINT NOT NULL,
    differences INTEGER NOT NULL, told INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (flow, since, until)
);
CREATE INDEX record_dated ON record (feed, dated, kind, case_id, currency, total, changed);
CREATE INDEX audit_command ON audit (command, id);
