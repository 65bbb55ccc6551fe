-- Question: none; adds an area or changes the one with its code
-- Parameters: :code, :level, :name, :parent_code (null: top), :geom (WKB of a MultiPolygon in EPSG:4326, or null)
-- Columns: key, is_new; no row where nothing changed
-- Index: area_code_key
INSERT INTO area (code, level, name, parent_id, geom)
VALUES (:code, :level, :name, (SELECT id FROM area WHERE code = CAST(:parent_code AS text)),
  ST_GeomFromWKB(CAST(:geom AS bytea), 4326))
ON CONFLICT (code) DO UPDATE SET level = excluded.level, name = excluded.name, parent_id = excluded.parent_id,
  geom = coalesce(excluded.geom, area.geom)
WHERE (area.level, area.name, area.parent_id) IS DISTINCT FROM (excluded.level, excluded.name, excluded.parent_id)
  OR (excluded.geom IS NOT NULL AND ST_OrderingEquals(ST_Normalize(area.geom), ST_Normalize(excluded.geom)) IS NOT TRUE)
RETURNING code AS key, xmax = 0 AS is_new
