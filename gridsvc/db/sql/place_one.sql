-- Question: which grid gets one point, by the rule of geodata.placement?
-- Parameters: :lon, :lat (degrees, EPSG:4326), :at (instant: the editions and the duty that held then),
--   :nearest_max_m (metres), :zone (IANA name, for hours of duty)
-- Columns: id, code, name, layer, area_id, area_name, method (covers|nearest), distance_m, worker_id, worker_name, kind
--   (main|deputy, null: nobody on duty); one row, or none: unplaced
-- Index: grid_version_geom_idx
WITH point AS MATERIALIZED (
  SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom
),
covered AS (
  SELECT g.id, 'covers' AS method, 0::float8 AS distance_m
  FROM point p
  JOIN grid_version g ON ST_DWithin(g.geom, p.geom, 3e-13)  -- as thick as a border is: geodata.placement.BORDER_DEG
  WHERE g.valid_from <= :at AND (g.valid_to IS NULL OR g.valid_to > :at)
  ORDER BY g.layer = 'base', g.code
  LIMIT 1
),
near AS (
  SELECT g.id, 'nearest' AS method, d.distance_m
  FROM point p
  JOIN grid_version g ON g.geom && ST_Expand(
    p.geom, 1.02 * (:nearest_max_m + 0.001) / (110574 * greatest(cos(radians(:lat)), 0.01)), 1.02 * (:nearest_max_m + 0.001) / 110574)
  CROSS JOIN LATERAL (
    SELECT round(ST_Distance(ST_ClosestPoint(g.geom, p.geom)::geography, p.geom::geography)::numeric, 3)::float8
      AS distance_m
  ) d
  WHERE NOT EXISTS (SELECT FROM covered)
    AND :nearest_max_m > 0 AND g.layer = 'base' AND d.distance_m <= :nearest_max_m
    AND g.valid_from <= :at AND (g.valid_to IS NULL OR g.valid_to > :at)
  ORDER BY d.distance_m, g.code
  LIMIT 1
)
SELECT g.id, g.code, g.name, g.layer, g.area_id, a.name AS area_name, w.method, w.distance_m,
  d.worker_id, d.worker_name, d.kind
FROM (SELECT * FROM covered UNION ALL SELECT * FROM near) w
JOIN grid_version g ON g.id = w.id
LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN LATERAL on_duty(g.layer, g.code, CAST(:at AS timestamptz), CAST(:zone AS text)) d ON true
