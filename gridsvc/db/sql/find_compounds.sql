-- Question: which compounds in a reader's grids are called like this?
-- Parameters: :low (names.name_key of the words), :high (what no name that begins so is behind),
--   :letters (the same where it is letters and digits only, else empty), :letters_high (what is behind those), :n (rows),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: id, name, community (where its point lies, or null), lon, lat (a point inside), west, south, east, north (degrees); the name
--   itself first, then names that begin so, then initials, then names that hold it; each by name
-- Index: compound_name_key_idx, compound_name_initials_idx for beginnings, grid_version_geom_idx; compound_name is small
--   enough (a few rows a compound) to be looked through for the rest
WITH named AS (
  SELECT n.compound_id, CASE WHEN n.key = :low THEN 0 ELSE 1 END AS rank
  FROM compound_name n WHERE n.key >= :low AND n.key < :high
  UNION ALL
  SELECT n.compound_id, 2 FROM compound_name n
  WHERE CAST(:letters AS text) <> '' AND n.initials >= :letters AND n.initials < :letters_high
  UNION ALL
  SELECT n.compound_id, 3 FROM compound_name n
  WHERE position(CAST(:low AS text) IN n.key) > 0
    OR (CAST(:letters AS text) <> '' AND position(' ' || CAST(:letters AS text) IN n.initials) > 0)
),
best AS (SELECT n.compound_id, min(n.rank) AS rank FROM named n GROUP BY n.compound_id)
SELECT c.id, c.name, a.name AS community, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat,
  ST_XMin(c.geom) AS west, ST_YMin(c.geom) AS south, ST_XMax(c.geom) AS east, ST_YMax(c.geom) AS north
FROM best b
JOIN compound c ON c.id = b.compound_id
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(c.geom) AS geom) p
LEFT JOIN LATERAL (
  SELECT a.name FROM area a WHERE a.level = 'community' AND ST_Covers(a.geom, p.geom) ORDER BY a.code LIMIT 1
) a ON true
WHERE :all_areas OR EXISTS (
  SELECT FROM grid_version g
  WHERE ST_Intersects(g.geom, p.geom) AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
    AND g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
ORDER BY b.rank, c.name, c.id
LIMIT :n
