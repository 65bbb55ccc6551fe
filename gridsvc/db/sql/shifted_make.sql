-- Question: none; makes the temporary table of reports whose placement is about to change
-- Parameters: none
-- Columns: none; the table has the seq of the log row that the change will get, the digest of the row before it, and the
--   grid versions (from_id, grid_version_id; null: none) it lies between
-- Index: none
CREATE TEMP TABLE shifted (
  id bigint, seq int, state text, from_id bigint, grid_version_id bigint, method text, distance_m float8, reason text,
  accuracy_m float8, before bytea
) ON COMMIT DROP
