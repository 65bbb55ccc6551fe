-- Question: none; gives all rows that name a compound its place, or those without a position of their own the reason why they
--   get none: the names of find_compound
-- Parameters: none
-- Columns: none
-- Index: compound_name_key_idx
WITH meant AS (
  SELECT n.compound, count(c.id) AS n, min(c.id) AS id
  FROM import_name n
  LEFT JOIN compound_name k ON k.key = n.key AND n.key <> ''
  LEFT JOIN compound c ON c.id = k.compound_id
  GROUP BY n.compound
),
placed AS (
  SELECT m.compound, c.id, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat,
    CASE m.n WHEN 0 THEN 'compound_unknown' WHEN 1 THEN NULL ELSE 'compound_ambiguous' END AS reason
  FROM meant m
  LEFT JOIN compound c ON c.id = m.id AND m.n = 1
  LEFT JOIN LATERAL (SELECT ST_PointOnSurface(c.geom) AS geom) p ON true
)
UPDATE import_row i
SET compound_id = p.id, place_lon = p.lon, place_lat = p.lat, reason = CASE WHEN i.lon IS NULL THEN p.reason END
FROM placed p
WHERE i.compound = p.compound AND i.same IS NOT TRUE
