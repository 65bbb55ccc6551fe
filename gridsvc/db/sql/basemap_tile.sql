-- Question: what of our own base map lies in one Web Mercator tile?
-- Parameters: :z, :x, :y (tile numbers, y from the north)
-- Columns: one bytea: a Mapbox vector tile with layers roads (class), buildings, water, and labels: of each name the
--   middle of its longest part (name, kind major|minor|water|building, angle in degrees clockwise from east for lines,
--   long: how many of the tile's 4096 units the part has for it); empty where nothing is
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
),
named AS (
  SELECT CASE b.kind WHEN 'road' THEN coalesce(b.class, 'minor') ELSE b.kind END AS kind, b.name, d.geom AS part,
    CASE ST_Dimension(d.geom) WHEN 1 THEN ST_Length(d.geom) ELSE ST_XMax(d.geom) - ST_XMin(d.geom) END AS long_m
  FROM tile t
  JOIN basemap b ON b.geom && t.around AND b.name <> ''
  CROSS JOIN LATERAL ST_Dump(ST_Intersection(ST_Transform(b.geom, 3857), t.box)) d
  WHERE t.z >= CASE WHEN b.kind = 'building' THEN 16 WHEN b.kind = 'water' THEN 12 WHEN b.class = 'major' THEN 12
      WHEN b.class = 'path' THEN 99 ELSE 15 END
    AND ST_Dimension(d.geom) > 0
),
longest AS (
  SELECT DISTINCT ON (n.kind, n.name) n.kind, n.name, n.part, n.long_m, ST_Dimension(n.part) = 1 AS line
  FROM named n
  ORDER BY n.kind, n.name, n.long_m DESC, n.part
),
labels AS (
  SELECT l.name, l.kind, round(l.long_m / (ST_XMax(t.box) - ST_XMin(t.box)) * 4096)::int AS long,
    CASE WHEN l.line THEN round(degrees(
      ST_Azimuth(ST_LineInterpolatePoint(l.part, 0.35), ST_LineInterpolatePoint(l.part, 0.65))) - 90)::int END AS angle,
    ST_AsMVTGeom(CASE WHEN l.line THEN ST_LineInterpolatePoint(l.part, 0.5) ELSE ST_PointOnSurface(l.part) END,
      t.box, 4096, 0) AS geom
  FROM tile t CROSS JOIN longest l
  ORDER BY l.long_m DESC
  LIMIT 100
)
SELECT coalesce((SELECT ST_AsMVT(w, 'water', 4096, 'geom') FROM water w WHERE w.geom IS NOT NULL), '')
  || coalesce((SELECT ST_AsMVT(r, 'roads', 4096, 'geom') FROM roads r WHERE r.geom IS NOT NULL), '')
  || coalesce((SELECT ST_AsMVT(h, 'buildings', 4096, 'geom') FROM buildings h WHERE h.geom IS NOT NULL), '')
  || coalesce((SELECT ST_AsMVT(l, 'labels', 4096, 'geom') FROM labels l WHERE l.geom IS NOT NULL), '') AS tile
