-- Question: how many grids are published, and how far do they reach?
-- Parameters: none
-- Columns: n_grids, west, south, east, north (degrees)
-- Index: grid_version_current_key
SELECT n_grids, ST_XMin(box) AS west, ST_YMin(box) AS south, ST_XMax(box) AS east, ST_YMax(box) AS north
FROM (
  SELECT count(*) AS n_grids, ST_Extent(geom) AS box
  FROM grid_version
  WHERE valid_from IS NOT NULL AND valid_to IS NULL
) published
