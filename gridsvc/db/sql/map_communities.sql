-- Question: which areas do the published base grids that a reader sees belong to, and what do these cover together?
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees,
--   :tolerance_deg (how much a border may be straightened)
-- Columns: code, name, layer (community), shape (GeoJSON geometry, degrees with 6 decimals), by code
-- Index: grid_version_current_key
SELECT a.code, a.name, 'community' AS layer,
  ST_AsGeoJSON(ST_SimplifyPreserveTopology(ST_Union(g.geom), :tolerance_deg), 6, 0) AS shape
FROM grid_version g
JOIN area a ON a.id = g.area_id
WHERE g.layer = 'base' AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
GROUP BY a.id
ORDER BY a.code
