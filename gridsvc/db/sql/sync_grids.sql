-- Question: what are a reader's grids and those beside them like, and who is on duty there?
-- Parameters: :own (bigint[]: the reader's published grids), :near_m (metres), :worker_id (bigint or null: whose duty),
--   :at (instant), :zone (name, for hours of duty)
-- Columns: code, name, layer, own (bool), kind (main|deputy of the own duty, or null), worker (name, or null), geometry
--   (GeoJSON text, EPSG:4326, 7 digits); own ones first, by code
-- Index: grid_version_pkey, grid_version_geom_idx
WITH mine AS MATERIALIZED (
  SELECT g.id, g.geom, ST_Expand(g.geom, 1.02 * :near_m / (110574 * greatest(cos(radians(ST_Y(ST_Centroid(g.geom)))), 0.01)),
    1.02 * :near_m / 110574) AS about
  FROM grid_version g WHERE g.id = ANY (CAST(:own AS bigint[]))
),
wanted AS (
  SELECT m.id, true AS own FROM mine m
  UNION
  SELECT g.id, false FROM mine m
  JOIN grid_version g ON g.geom && m.about AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
  WHERE NOT g.id = ANY (CAST(:own AS bigint[]))
    AND ST_DWithin(CAST(g.geom AS geography), CAST(m.geom AS geography), :near_m)
)
SELECT g.code, g.name, g.layer, w.own,
  (SELECT max(u.kind) FROM duty u
    WHERE u.worker_id = CAST(:worker_id AS bigint) AND u.grid_code = g.code AND u.layer = g.layer) AS kind,
  d.worker_name AS worker, ST_AsGeoJSON(g.geom, 7) AS geometry
FROM wanted w
JOIN grid_version g ON g.id = w.id
LEFT JOIN LATERAL on_duty(g.layer, g.code, CAST(:at AS timestamptz), CAST(:zone AS text)) d ON true
ORDER BY w.own DESC, g.code, g.layer
