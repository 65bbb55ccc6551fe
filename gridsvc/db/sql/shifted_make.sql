-- Question: none; makes the temporary table of reports whose placement is about to change
-- Parameters: none
-- Columns: none
-- Index: none
CREATE TEMP TABLE shifted (
  id bigint, seq int, state text, grid_version_id bigint, method text, distance_m float8, reason text, accuracy_m float8,
  facts jsonb, digest bytea
) ON COMMIT DROP
