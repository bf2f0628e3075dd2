-- name: uncounted
SELECT u.record, r.version, r.kind, r.source_id, r.payload, r.number, r.currency, r.total, r.dated, f.connection, r.workspace
FROM uncounted u JOIN record r ON r.id = u.record JOIN feed f ON f.id = r.feed WHERE u.record > :after ORDER BY u.record LIMIT :limit;

-- name: uncounted_left
SELECT count(*) AS n FROM (SELECT 1 FROM uncounted LIMIT 100000) u;

-- name: claim_uncounted
DELETE FROM uncounted WHERE record IN (
    SELECT u.record FROM {rows v claimed: record bigint, version integer} JOIN uncounted u ON u.record = v.record
    AND u.version = v.version) RETURNING record, version;

-- name: counted_before
SELECT record, body FROM counted WHERE record IN {each_int records};

-- name: put_counted
INSERT INTO counted (record, workspace, connection, version, dated, due, currency, unpaid, readable, body)
VALUES (:record, :workspace, :connection, :version, :dated, :due, :currency, :unpaid, :readable, :body)
ON CONFLICT (record) DO UPDATE SET version = excluded.version, dated = excluded.dated, due = excluded.due,
    currency = excluded.currency, unpaid = excluded.unpaid, readable = excluded.readable, body = excluded.body;

-- name: recount
INSERT INTO uncounted (record, version) SELECT id, version FROM record WHERE kind IN ('invoice', 'credit_note', 'receipt')
ON CONFLICT (record) DO UPDATE SET version = excluded.version;

-- name: add_sale
INSERT INTO sale (grain, period, connection, kind, currency, country, n, net, tax, gross)
VALUES (:grain, :period, :connection, :kind, :currency, :country, :n, :net, :tax, :gross)
ON CONFLICT (grain, period, connection, kind, currency, country) DO UPDATE SET n = sale.n + excluded.n,
    net = sale.net + excluded.net, tax = sale.tax + excluded.tax, gross = sale.gross + excluded.gross;

-- name: add_sale_vat
INSERT INTO sale_vat (issued, supplied, connection, kind, currency, category, rate, country, n, net, tax, gross)
VALUES (:issued, :supplied, :connection, :kind, :currency, :category, :rate, :country, :n, :net, :tax, :gross)
ON CONFLICT (issued, supplied, connection, kind, currency, category, rate, country) DO UPDATE SET n = sale_vat.n + excluded.n,
    net = sale_vat.net + excluded.net, tax = sale_vat.tax + excluded.tax, gross = sale_vat.gross + excluded.gross;

-- name: add_sale_product
INSERT INTO sale_product (month, connection, kind, currency, line, product, name, n, quantity, net, gross)
VALUES (:month, :connection, :kind, :currency, :line, :product, :name, :n, :quantity, :net, :gross)
ON CONFLICT (month, connection, kind, currency, line, product) DO UPDATE SET
    name = CASE WHEN excluded.n >= 0 THEN excluded.name ELSE sale_product.name END, n = sale_product.n + excluded.n,
    quantity = sale_product.quantity + excluded.quantity, net = sale_product.net + excluded.net, gross = sale_product.gross + excluded.gross;

-- name: sales
SELECT s.period, s.kind, s.currency, CASE WHEN :split = 'channel' THEN c.slug WHEN :split = 'country' THEN s.country ELSE '' END AS part,
    CAST(sum(s.n) AS BIGINT) AS n, CAST(sum(s.net) AS BIGINT) AS net, CAST(sum(s.tax) AS BIGINT) AS tax, CAST(sum(s.gross) AS BIGINT) AS gross
FROM sale s JOIN connection c ON c.id = s.connection
WHERE s.grain = :grain AND s.period BETWEEN :since AND :until AND (:channel = '' OR c.slug = :channel)
GROUP BY 1, 2, 3, 4 HAVING sum(s.n) <> 0 ORDER BY 1, 2, 3, 4;

-- name: months_of_sales
SELECT s.period, c.slug AS channel, CAST(sum(s.n) AS BIGINT) AS n FROM sale s JOIN connection c ON c.id = s.connection
WHERE s.grain = 'month' AND (:source = 0 OR s.connection = :source) GROUP BY 1, 2 HAVING sum(s.n) <> 0 ORDER BY 1, 2;

-- name: sold_products
SELECT s.line, s.product, max(s.name) AS name, s.currency, CAST(sum(s.n) AS BIGINT) AS n,
    CAST(sum(CASE WHEN s.kind = 'credit_note' THEN -s.quantity ELSE s.quantity END) AS BIGINT) AS quantity,
    CAST(sum(CASE WHEN s.kind = 'credit_note' THEN -s.net ELSE s.net END) AS BIGINT) AS net,
    CAST(sum(CASE WHEN s.kind = 'credit_note' THEN -s.gross ELSE s.gross END) AS BIGINT) AS gross
FROM sale_product s JOIN connection c ON c.id = s.connection
WHERE s.month BETWEEN :since AND :until AND s.currency = :currency AND (:channel = '' OR c.slug = :channel)
AND CASE WHEN s.line = 'goods' THEN 1 ELSE 0 END = :goods GROUP BY 1, 2, 4 HAVING sum(s.n) <> 0 ORDER BY net DESC, s.line, s.product LIMIT :limit;

-- name: currencies_of_sales
SELECT s.currency, CAST(sum(s.n) AS BIGINT) AS n FROM sale s JOIN connection c ON c.id = s.connection
WHERE s.grain = 'month' AND s.period BETWEEN :since AND :until AND (:channel = '' OR c.slug = :channel)
GROUP BY 1 HAVING sum(s.n) <> 0 ORDER BY 2 DESC, 1;

-- name: vat_of_sales
SELECT v.kind, v.currency, v.category, v.rate, v.country, CAST(sum(v.n) AS BIGINT) AS n, CAST(sum(v.net) AS BIGINT) AS net,
    CAST(sum(v.tax) AS BIGINT) AS tax, CAST(sum(v.gross) AS BIGINT) AS gross
FROM sale_vat v WHERE v.connection = :source AND CASE WHEN :by = 'supplied' THEN v.supplied ELSE v.issued END BETWEEN :since AND :until
GROUP BY 1, 2, 3, 4, 5 HAVING sum(v.n) <> 0 ORDER BY v.currency, v.country, v.category, v.rate, v.kind;

-- name: unpaid_of_source
SELECT currency, count(*) AS n, CAST(sum(unpaid) AS BIGINT) AS total FROM counted
WHERE connection = :source AND unpaid <> 0 AND dated BETWEEN :since AND :until GROUP BY currency ORDER BY currency;

-- name: unreadable_of_source
SELECT count(*) AS n FROM counted WHERE (:source = 0 OR connection = :source) AND readable = 0 AND dated BETWEEN :since AND :until;
