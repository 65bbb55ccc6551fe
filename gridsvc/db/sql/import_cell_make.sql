-- Question: which squares of a net does the box of each grid version reach, of those that held at some instant of to_place?
-- Parameters: :size_deg (side of a square, degrees)
-- Columns: none; makes import_cell (cell: which square; several may share a number, for the box is compared too; id of the
--   version; west, south, east, north: its box, wider by more than a border is thick; valid_from, valid_to)
-- Index: none
CREATE UNLOGGED TABLE import_cell AS
SELECT x * 1000003 + y AS cell, b.id, b.west, b.south, b.east, b.north, b.valid_from, b.valid_to
FROM (
  SELECT id, ST_XMin(geom) - 1e-9 AS west, ST_YMin(geom) - 1e-9 AS south, ST_XMax(geom) + 1e-9 AS east,
    ST_YMax(geom) + 1e-9 AS north, valid_from, valid_to
  FROM grid_version
  WHERE valid_from <= (SELECT max(at) FROM to_place) AND (valid_to IS NULL OR valid_to > (SELECT min(at) FROM to_place))
) b,
generate_series(CAST(floor(b.west / :size_deg) AS bigint), CAST(floor(b.east / :size_deg) AS bigint)) x,
generate_series(CAST(floor(b.south / :size_deg) AS bigint), CAST(floor(b.north / :size_deg) AS bigint)) y
