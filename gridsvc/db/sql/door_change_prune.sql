-- Question: how many changes of doors went: those that no cursor asks for any more?
-- Parameters: :behind (transactions that a cursor may be behind at most)
-- Columns: n; one row
-- Index: door_change_xid_idx
WITH gone AS (
  DELETE FROM door_change c
  WHERE c.xid < (SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) - CAST(:behind AS bigint))
  RETURNING 1
)
SELECT count(*) AS n FROM gone
