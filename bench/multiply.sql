-- One more copy of all that a transfer made: copy :k, for shop :shop, whose feeds begin :feed later, :days days ago.
-- Bodies only in every hundredth: nobody looks at the others here, and a million of them are 25 GB.
INSERT INTO cases SELECT
    id + :k * 1000000, workspace, connection + 2 * :shop, root || '/' || :k
FROM cases WHERE id <= 1000000;
INSERT INTO record SELECT
    id + :k * 1000000, workspace, feed + :feed, case_id + :k * 1000000, kind, source_id || '/' || :k, version,
    fingerprint, CASE WHEN :k % 100 = 0 THEN payload ELSE '{}' END, number || '/' || :k, currency, total, date(dated, '-' || :days || ' days'), changed -
    :days * 86400000
FROM record WHERE id <= 1000000;
INSERT INTO passage SELECT
    id + :k * 1000000, workspace, flow + :shop, case_id + :k * 1000000, revision, planned, lane, crashes, owner,
    lease, fence
FROM passage WHERE id <= 1000000;
INSERT INTO decision SELECT
    passage + :k * 1000000, record + :k * 1000000, workspace, verdict, state, cause, problem, rule, version,
    wait_key, wait_until, by_person, changed - :days * 86400000
FROM decision WHERE passage <= 1000000;
INSERT INTO action SELECT
    printf('%08x', :k) || substr(key, 9), workspace, endpoint + 2 * :shop, flow + :shop, passage + :k * 1000000,
    record + :k * 1000000, place, lane, role, verb, kind,
    CASE WHEN :k % 100 = 0 THEN body ELSE '{}' END, digest, CASE WHEN :k % 100 = 0 THEN payload ELSE '{}' END, state,
    attempts, not_before, sent, settles, fence, target_id || '/' || :k, target_number || '/' || :k, cause, problem,
    words, verified, changed, printf('%08x', :k) || substr(document, 9), version,
    CASE WHEN :k % 100 = 0 THEN expected END, recheck, hand
FROM action WHERE rowid <= 1000000 AND substr(key, 1, 2) <> '00';
INSERT INTO term SELECT
    record + :k * 1000000, CASE WHEN term GLOB '*[0-9]*' THEN term || :k ELSE term END, workspace
FROM term WHERE record <= 1000000;
INSERT INTO counted SELECT
    record + :k * 1000000, workspace, connection + 2 * :shop, version, date(dated, '-' || :days || ' days'),
    date(due, '-' || :days || ' days'), currency, unpaid, readable, '{}'
FROM counted WHERE record <= 1000000;
DELETE FROM uncounted WHERE record > 1000000;
