-- Question: how large are the squares in which import_cell_make looks grids up?
-- Parameters: none
-- Columns: size_deg (degrees): half as wide as the box of a grid, by the mean area of the boxes, so that there are never many
--   times more squares than grids, whatever their sizes
-- Index: none
SELECT greatest(sqrt(avg((ST_XMax(geom) - ST_XMin(geom)) * (ST_YMax(geom) - ST_YMin(geom)))) / 2, 1e-7) AS size_deg
FROM grid_version
WHERE valid_from IS NOT NULL
