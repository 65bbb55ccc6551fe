-- Question: how many households live in each square of the lattice of public cells? By the register of doors; where there
--   is none, by the number that each compound states, at its middle.
-- Parameters: :side_deg (degrees, EPSG:4326: side of a square)
-- Columns: x, y (square, counted from 0, 0), n
-- Index: none, all are counted
SELECT CAST(floor(ST_X(h.geom) / CAST(:side_deg AS float8)) AS integer) AS x,
  CAST(floor(ST_Y(h.geom) / CAST(:side_deg AS float8)) AS integer) AS y, count(*) AS n
FROM household h
WHERE h.removed_at IS NULL AND h.kind = 'household'
GROUP BY 1, 2
UNION ALL
SELECT CAST(floor(ST_X(s.spot) / CAST(:side_deg AS float8)) AS integer),
  CAST(floor(ST_Y(s.spot) / CAST(:side_deg AS float8)) AS integer), sum(s.n_households)
FROM (SELECT ST_PointOnSurface(c.geom) AS spot, c.n_households FROM compound c WHERE c.n_households > 0) s
WHERE NOT EXISTS (SELECT FROM household h WHERE h.removed_at IS NULL AND h.kind = 'household')
GROUP BY 1, 2
