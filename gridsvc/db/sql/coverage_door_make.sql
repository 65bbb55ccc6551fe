-- Question: none; makes the temporary table of the doors that a coverage counts, empty
-- Parameters: none
-- Columns: none
-- Index: none
CREATE TEMP TABLE covered_door (id bigint, grid_version_id bigint, compound_id bigint, class_code text, kind text,
  targeted boolean, excluded text, removed_at timestamptz) ON COMMIT DROP
