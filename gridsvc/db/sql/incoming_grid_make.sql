-- Question: none; makes the temporary table of a file's grids
-- Parameters: none
-- Columns: none
-- Index: none
CREATE TEMP TABLE incoming_grid (
  row int NOT NULL, code text COLLATE "C" PRIMARY KEY, name text NOT NULL, geom geometry(MultiPolygon, 4326) NOT NULL
) ON COMMIT DROP
