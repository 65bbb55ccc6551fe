-- Question: none; finds the compound of each home that names one, and the point and the community of every compound
-- Parameters: none
-- Columns: none; a name that no compound has, or several in the named community, leaves a reason
-- Index: compound_name_key_idx, area_geom_idx
WITH meant AS (
  SELECT nr, community_id, compound_id FROM door_home WHERE compound_id IS NOT NULL
  UNION
  SELECT h.nr, h.community_id, k.compound_id
  FROM door_home h JOIN compound_name k ON k.key = h.key
  WHERE h.compound_id IS NULL AND h.key <> ''
),
candidate AS (
  SELECT h.nr, h.community_id AS wanted, c.id, p.geom, a.id AS community_id
  FROM meant h
  JOIN compound c ON c.id = h.compound_id
  CROSS JOIN LATERAL (SELECT ST_PointOnSurface(c.geom) AS geom) p
  LEFT JOIN LATERAL (
    SELECT a.id FROM area a WHERE a.level = 'community' AND ST_Covers(a.geom, p.geom) ORDER BY a.code LIMIT 1
  ) a ON true
),
fitting AS (
  SELECT nr, count(*) AS n, min(id) AS id
  FROM candidate WHERE wanted IS NULL OR community_id IS NULL OR community_id = wanted GROUP BY nr
)
UPDATE door_home h
SET compound_id = c.id, community_id = coalesce(h.community_id, c.community_id), lon = ST_X(c.geom), lat = ST_Y(c.geom),
  reason = CASE coalesce(f.n, 0) WHEN 0 THEN 'door_compound_unknown' WHEN 1 THEN NULL ELSE 'door_compound_ambiguous' END
FROM door_home o
LEFT JOIN fitting f ON f.nr = o.nr
LEFT JOIN candidate c ON c.nr = o.nr AND c.id = f.id AND f.n = 1
WHERE h.nr = o.nr AND (o.key IS NOT NULL OR o.compound_id IS NOT NULL)
