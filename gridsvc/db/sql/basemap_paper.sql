-- Question: what of our own base map lies in a rectangle that is printed, what matters most first?
-- Parameters: :west, :south, :east, :north (degrees), :zoom (of a screen at that scale, with decimals),
--   :tolerance_deg (how much a line may be straightened), :most (rows)
-- Columns: kind (major|minor|path for roads, water, building), name (or null), geom (WKB in EPSG:4326, maybe null where it was too small)
-- Index: basemap_geom_idx
SELECT CASE b.kind WHEN 'road' THEN coalesce(b.class, 'minor') ELSE b.kind END AS kind, b.name,
  ST_AsBinary(ST_Simplify(b.geom, :tolerance_deg)) AS geom
FROM basemap b
WHERE b.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
  AND CAST(:zoom AS float8) >= CASE
    WHEN b.kind = 'water' OR b.class = 'major' THEN 9
    WHEN b.kind = 'building' THEN 15.5
    WHEN b.class = 'path' THEN 15
    ELSE 12.5 END
ORDER BY b.kind = 'water' DESC, b.class IS NOT DISTINCT FROM 'major' DESC, b.kind, ST_Length(b.geom) DESC, b.id
LIMIT :most
