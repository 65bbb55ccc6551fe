-- Question: which compound holds each door of door_loose, and which community?
-- Parameters: none
-- Columns: none; makes the temporary table door_held (row, compound_id, community_id): the first by id and by code, or null
-- Index: an index on door_loose (driven from the polygons: each fetches the points in its box)
CREATE TEMP TABLE door_held ON COMMIT DROP AS
SELECT l.row, c.id AS compound_id, a.id AS community_id
FROM door_loose l
LEFT JOIN (
  SELECT DISTINCT ON (p.row) p.row, c.id
  FROM compound c
  CROSS JOIN LATERAL (SELECT row FROM door_loose WHERE ST_Covers(c.geom, geom) OFFSET 0) p
  WHERE GeometryType(c.geom) <> 'POINT'
  ORDER BY p.row, c.id
) c ON c.row = l.row
LEFT JOIN (
  SELECT DISTINCT ON (p.row) p.row, a.id
  FROM area a
  CROSS JOIN LATERAL (SELECT row FROM door_loose WHERE ST_Covers(a.geom, geom) OFFSET 0) p
  WHERE a.level = 'community' AND a.geom IS NOT NULL
  ORDER BY p.row, a.code
) a ON a.row = l.row
