-- Question: whose log has rows that a snapshot did not see, and this one does? A report comes once for each such row:
--   so the limit ends the search.
-- Parameters: :since (text of a pg_snapshot), :most (rows of the log at most)
-- Columns: report_id
-- Index: report_log_xid_idx
SELECT l.report_id
FROM report_log l
WHERE l.xid >= CAST(CAST(pg_snapshot_xmin(CAST(:since AS pg_snapshot)) AS text) AS bigint)
  -- a dump of another cluster, whose count was ahead of this one's, tells nothing new
  AND l.xid < CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)
  AND NOT pg_visible_in_snapshot(CAST(CAST(l.xid AS text) AS xid8), CAST(:since AS pg_snapshot))
LIMIT :most
