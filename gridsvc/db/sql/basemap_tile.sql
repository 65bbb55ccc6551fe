-- Question: what of our own base map lies in one Web Mercator tile?
-- Parameters: :z, :x, :y (tile numbers, y from the north)
-- Columns: one bytea: a Mapbox vector tile with layers roads (class), buildings, water; empty where nothing is
-- Index: basemap_geom_idx
WITH tile AS MATERIALIZED (
  SELECT ST_TileEnvelope(:z, :x, :y) AS box,
    ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.016), 4326) AS around,  -- the 64 of 4096 units beyond the border
    CAST(:z AS int) AS z
),
roads AS (
  SELECT coalesce(b.class, 'minor') AS class, ST_AsMVTGeom(ST_Transform(b.geom, 3857), t.box, 4096, 64) AS geom
  FROM tile t JOIN basemap b ON b.geom && t.around AND ST_Intersects(b.geom, t.around)
  WHERE b.kind = 'road'
    AND t.z >= CASE coalesce(b.class, 'minor') WHEN 'major' THEN 9 WHEN 'path' THEN 15 ELSE 13 END
),
buildings AS (
  SELECT ST_AsMVTGeom(ST_Transform(b.geom, 3857), t.box, 4096, 64) AS geom
  FROM tile t JOIN basemap b ON b.geom && t.around AND ST_Intersects(b.geom, t.around)
  WHERE b.kind = 'building' AND t.z >= 15
),
water AS (
  SELECT ST_AsMVTGeom(ST_Transform(b.geom, 3857), t.box, 4096, 64) AS geom
  FROM tile t JOIN basemap b ON b.geom && t.around AND ST_Intersects(b.geom, t.around)
  WHERE b.kind = 'water' AND t.z >= 9
)
SELECT coalesce((SELECT ST_AsMVT(w, 'water', 4096, 'geom') FROM water w WHERE w.geom IS NOT NULL), '')
  || coalesce((SELECT ST_AsMVT(r, 'roads', 4096, 'geom') FROM roads r WHERE r.geom IS NOT NULL), '')
  || coalesce((SELECT ST_AsMVT(h, 'buildings', 4096, 'geom') FROM buildings h WHERE h.geom IS NOT NULL), '') AS tile
