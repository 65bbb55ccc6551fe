-- Question: none; gives the grids that hold or are drafted the lowest area that covers a point inside them
-- Parameters: none
-- Columns: none
-- Index: area_geom_idx
UPDATE grid_version g SET area_id = f.area_id
FROM (
  SELECT g.id, a.id AS area_id
  FROM grid_version g
  CROSS JOIN LATERAL (SELECT ST_PointOnSurface(g.geom) AS geom) p
  CROSS JOIN LATERAL (
    SELECT a.id FROM area a WHERE ST_Covers(a.geom, p.geom)
    ORDER BY array_position(ARRAY['community', 'subdistrict', 'district', 'city'], a.level), a.code LIMIT 1
  ) a
  WHERE g.valid_to IS NULL
) f
WHERE g.id = f.id AND g.area_id IS DISTINCT FROM f.area_id
