-- Question: which published grids of a reader have a code that begins like this, or these words in their name?
-- Parameters: :low (the code as it was typed), :high (what no code that begins so is behind),
--   :words, :key (in names: as typed, in small letters; the same in simplified characters), :n (rows),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: code, name, layer, lon, lat (a point inside), west, south, east, north (degrees); the code itself first,
--   then the name itself, then by code
-- Index: grid_version_code_idx for codes; names are looked through, those of the published grids only
WITH found AS (
  SELECT g.id FROM grid_version g WHERE g.code >= :low AND g.code < :high
  UNION
  SELECT g.id FROM grid_version g
  WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
    AND (position(CAST(:words AS text) IN lower(g.name)) > 0 OR position(CAST(:key AS text) IN lower(g.name)) > 0)
)
SELECT g.code, g.name, g.layer, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat,
  ST_XMin(g.geom) AS west, ST_YMin(g.geom) AS south, ST_XMax(g.geom) AS east, ST_YMax(g.geom) AS north
FROM found f
JOIN grid_version g ON g.id = f.id
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(g.geom) AS geom) p
WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
ORDER BY g.code <> :low, lower(g.name) <> CAST(:words AS text), g.code, g.layer
LIMIT :n
