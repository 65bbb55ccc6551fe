-- Question: which grid covers each point of the temporary table to_place (id, geom, at), by the same rule as place_one?
-- Parameters: none
-- Columns: none; fills the temporary table placed (id, grid_version_id, method, distance_m)
-- Index: to_place_geom_idx (driven from the polygons: each grid fetches the points in its box)
INSERT INTO placed (id, grid_version_id, method, distance_m)
SELECT DISTINCT ON (p.id) p.id, g.id, 'covers', 0
FROM (
  -- Versions that held at no instant of to_place fetch no points: there may be many retired ones.
  SELECT * FROM grid_version
  WHERE valid_from <= (SELECT max(at) FROM to_place)
    AND (valid_to IS NULL OR valid_to > (SELECT min(at) FROM to_place))
) g
CROSS JOIN LATERAL (
  SELECT t.id, t.at FROM to_place t WHERE ST_DWithin(t.geom, g.geom, 3e-13)
  OFFSET 0  -- keeps the planner from turning the join round and visiting the polygons point by point
) p
WHERE g.valid_from <= p.at AND (g.valid_to IS NULL OR g.valid_to > p.at)
ORDER BY p.id, g.layer = 'base', g.code
