-- Question: none; makes the temporary table of what doors were at an instant that have changed since, empty
-- Parameters: none
-- Columns: none
-- Index: none
CREATE TEMP TABLE door_then (id bigint, class_code text, kind text, compound_id bigint, grid_version_id bigint,
  geom geometry(Point, 4326), moved boolean) ON COMMIT DROP
