-- Question: which doors of these grids were visited, came, went or changed in what a snapshot did not see, and this one does?
-- Parameters: :since (text of a pg_snapshot), :own (bigint[]: grid versions, the reader's of now and of before), :most (rows
--   at most, of each of the two)
-- Columns: id (of the door; null: too many changed at once to say which)
-- Index: visit_xid_idx, visit_pkey, door_change_xid_idx
WITH news AS MATERIALIZED (
  SELECT CAST(CAST(pg_snapshot_xmin(CAST(:since AS pg_snapshot)) AS text) AS bigint) AS first,
    CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS beyond
),
visited AS (
  SELECT v.household_id, v.supersedes_id FROM visit v
  WHERE v.xid >= (SELECT n.first FROM news n) AND v.xid < (SELECT n.beyond FROM news n)
    AND NOT pg_visible_in_snapshot(CAST(CAST(v.xid AS text) AS xid8), CAST(:since AS pg_snapshot))
  LIMIT :most
),
changed AS (
  SELECT c.household_id, c.before_id, c.after_id FROM door_change c
  WHERE c.xid >= (SELECT n.first FROM news n) AND c.xid < (SELECT n.beyond FROM news n)
    AND NOT pg_visible_in_snapshot(CAST(CAST(c.xid AS text) AS xid8), CAST(:since AS pg_snapshot))
  LIMIT :most
)
SELECT h.id FROM visited v JOIN household h ON h.id = v.household_id
WHERE h.grid_version_id = ANY (CAST(:own AS bigint[]))
UNION
-- a correction with another door changes also the one that it left
SELECT h.id FROM visited v JOIN visit o ON o.id = v.supersedes_id JOIN household h ON h.id = o.household_id
WHERE h.grid_version_id = ANY (CAST(:own AS bigint[]))
UNION
SELECT c.household_id FROM changed c
WHERE c.household_id IS NULL OR c.before_id = ANY (CAST(:own AS bigint[])) OR c.after_id = ANY (CAST(:own AS bigint[]))
UNION ALL
-- where either is full, more may have changed than was looked at
SELECT NULL WHERE (SELECT count(*) FROM visited) >= :most OR (SELECT count(*) FROM changed) >= :most
