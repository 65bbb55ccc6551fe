-- Question: which compounds does a person mean by an id or a name?
-- Parameters: :id (bigint or null), :key (names.name_key of the words; empty when :id is given)
-- Columns: id, name, area_name (of the community its point lies in), lon, lat (degrees, a point inside it), by id
-- Index: compound_name_key_idx
SELECT c.id, c.name, a.name AS area_name, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat
FROM compound c
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(c.geom) AS geom) p
LEFT JOIN LATERAL (
  SELECT a.name FROM area a WHERE a.level = 'community' AND ST_Covers(a.geom, p.geom) ORDER BY a.code LIMIT 1
) a ON true
WHERE c.id = CAST(:id AS bigint)
  OR c.id IN (SELECT n.compound_id FROM compound_name n WHERE n.key = :key AND n.key <> '')
ORDER BY c.id
LIMIT 20
