-- Question: which base grid is nearest to each point of to_place that none covers, by the same rule as place_one?
-- Parameters: :nearest_max_m (metres, more than 0)
-- Columns: none; adds to the temporary table placed; points farther than that from every grid stay absent
-- Index: grid_version_geom_idx
INSERT INTO placed (id, grid_version_id, method, distance_m)
SELECT DISTINCT ON (p.id) p.id, g.id, 'nearest', d.distance_m
FROM (SELECT * FROM to_place t WHERE NOT EXISTS (SELECT FROM placed c WHERE c.id = t.id) OFFSET 0) p
JOIN grid_version g ON g.geom && ST_Expand(p.geom,
  1.02 * (:nearest_max_m + 0.001) / (110574 * greatest(cos(radians(ST_Y(p.geom))), 0.01)),
  1.02 * (:nearest_max_m + 0.001) / 110574)
CROSS JOIN LATERAL (
  SELECT round(ST_Distance(ST_ClosestPoint(g.geom, p.geom)::geography, p.geom::geography)::numeric, 3)::float8
    AS distance_m
) d
WHERE g.layer = 'base' AND d.distance_m <= :nearest_max_m
  AND g.valid_from <= p.at AND (g.valid_to IS NULL OR g.valid_to > p.at)
ORDER BY p.id, d.distance_m, g.code
