-- A list is read after a pause of `every`, or at times of day: timetable is {"at": ["06:00"], "days": [1, 2]} as JSON; with
-- neither (0, and NULL) only when a person says so.
ALTER TABLE feed ADD COLUMN timetable TEXT;

-- A connection or flow that was removed stays, since its documents are in the books; it is neither shown nor worked on.
DROP VIEW working_flow;
CREATE VIEW working_flow AS SELECT f.id FROM flow f JOIN connection c ON c.id = f.target
    WHERE f.state NOT IN ('paused', 'removed') AND c.state = 'active';
