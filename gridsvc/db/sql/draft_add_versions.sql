-- Question: none; makes a version of each staged grid that is not the published one as it stands
-- Parameters: :layer
-- Columns: none
-- Index: grid_version_current_key
INSERT INTO grid_version (layer, code, name, geom)
SELECT :layer, i.code, i.name, i.geom
FROM incoming_grid i
WHERE NOT EXISTS (
  SELECT FROM grid_version g
  WHERE g.layer = :layer AND g.code = i.code AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
    AND g.name = i.name AND ST_OrderingEquals(ST_Normalize(g.geom), ST_Normalize(i.geom))
)
