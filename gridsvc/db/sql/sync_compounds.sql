-- Question: which compounds lie in a reader's grids, what are they called and where are they?
-- Parameters: :own (bigint[]: the reader's published grids)
-- Columns: id, name, initials (of its names, with spaces between), lon, lat (degrees, a point inside it), grid; by id
-- Index: grid_version_pkey, compound_geom_idx
SELECT DISTINCT ON (c.id) c.id, c.name, coalesce(n.initials, '') AS initials, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat,
  g.code AS grid
FROM grid_version g
JOIN compound c ON c.geom && g.geom
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(c.geom) AS geom) p
LEFT JOIN LATERAL (
  SELECT string_agg(DISTINCT m.initials, ' ' ORDER BY m.initials) AS initials
  FROM compound_name m WHERE m.compound_id = c.id
) n ON true
WHERE g.id = ANY (CAST(:own AS bigint[])) AND ST_Intersects(c.geom, g.geom)
ORDER BY c.id, ST_Intersects(p.geom, g.geom) DESC, g.layer = 'base' DESC, g.code
