-- Question: what lies around a point, as paths of a picture: water, buildings, roads, compounds, grids?
-- Parameters: :lon, :lat (degrees, EPSG:4326: the middle), :half_lon, :half_lat (degrees: half the sides of what is
--   shown), :x_scale, :y_scale (units of the picture per degree), :code (of the report's grid, or null)
-- Columns: layer (water|building|road|compound|grid|own), class (of a road, or null), name, path (SVG path data, y
--   downwards), x, y (where a name would stand), from the lowest layer to the highest
-- Index: basemap_geom_idx, compound_geom_idx, grid_version_geom_idx
WITH shown AS (
  SELECT ST_MakeEnvelope(:lon - :half_lon, :lat - :half_lat, :lon + :half_lon, :lat + :half_lat, 4326) AS box
),
parts AS (
  SELECT CASE b.kind WHEN 'water' THEN 1 WHEN 'building' THEN 2 ELSE 4 END AS height, b.kind AS layer, b.class, b.name,
    ST_ClipByBox2D(b.geom, s.box) AS geom, b.id
  FROM shown s JOIN basemap b ON ST_Intersects(b.geom, s.box)
  UNION ALL
  SELECT 3, 'compound', NULL, c.name, ST_ClipByBox2D(c.geom, s.box), c.id
  FROM shown s JOIN compound c ON ST_Intersects(c.geom, s.box)
  WHERE ST_Dimension(c.geom) = 2
  UNION ALL
  SELECT CASE WHEN g.code = CAST(:code AS text) THEN 6 ELSE 5 END,
    CASE WHEN g.code = CAST(:code AS text) THEN 'own' ELSE 'grid' END, NULL, coalesce(g.name, g.code),
    ST_ClipByBox2D(g.geom, s.box), g.id
  FROM shown s JOIN grid_version g ON ST_Intersects(g.geom, s.box)
  WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
),
drawn AS (
  SELECT p.height, p.layer, p.class, p.name, p.id,
    ST_Scale(ST_Translate(p.geom, -:lon, -:lat), :x_scale, :y_scale) AS geom
  FROM parts p WHERE NOT ST_IsEmpty(p.geom)
)
SELECT layer, class, name, ST_AsSVG(geom, 0, 0) AS path, ST_X(ST_PointOnSurface(geom)) AS x,
  -ST_Y(ST_PointOnSurface(geom)) AS y
FROM drawn
ORDER BY height, id
