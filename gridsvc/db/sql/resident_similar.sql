-- Question: which open reports of a category lie in the nine squares around a place, the newest first? For strangers: in
--   which square a report lies is the most they learn of where it is.
-- Parameters: :category (code), :x, :y (the square in the middle, counted from 0, 0 in sides of :side_deg), :side_deg
--   (degrees, EPSG:4326), :default_days (where the category has none of its own), :now (instant), :n (rows at most)
-- Columns: id, state, received_at, away (0 in the middle square, else 1)
-- Index: report_geom_idx
WITH square AS (
  SELECT CAST(:x AS float8) * CAST(:side_deg AS float8) AS west, CAST(:y AS float8) * CAST(:side_deg AS float8) AS south,
    CAST(:side_deg AS float8) AS side
)
SELECT r.id, r.state, r.received_at,
  CASE WHEN floor(ST_X(r.geom) / s.side) = :x AND floor(ST_Y(r.geom) / s.side) = :y THEN 0 ELSE 1 END AS away
FROM square s
JOIN report r ON r.geom && ST_MakeEnvelope(s.west - s.side, s.south - s.side, s.west + 2 * s.side, s.south + 2 * s.side, 4326)
LEFT JOIN category c ON c.code = r.category
WHERE r.category = CAST(:category AS text) AND r.open AND r.source = 'gridsvc'
  AND r.received_at >= CAST(:now AS timestamptz) - make_interval(days => coalesce(c.dup_days, CAST(:default_days AS integer)))
ORDER BY away, r.received_at DESC, r.id
LIMIT :n
