-- Question: how many problems are public, by square of the lattice of public cells, category and whether they are done?
-- Parameters: :side_deg (degrees, EPSG:4326: side of a square), :states (text[]), :since (instant: received since),
--   :hidden (text[]: codes of categories, or of classes of them, that are not public)
-- Columns: x, y (square, counted from 0, 0; null without a position), category, done (bool), n
-- Index: report_received_at_id_idx
SELECT CAST(floor(ST_X(r.geom) / CAST(:side_deg AS float8)) AS integer) AS x,
  CAST(floor(ST_Y(r.geom) / CAST(:side_deg AS float8)) AS integer) AS y,
  r.category, r.state IN ('closed', 'struck_off') AS done, count(*) AS n
FROM report r
WHERE r.received_at >= CAST(:since AS timestamptz) AND r.state = ANY (CAST(:states AS text[]))
  AND r.category NOT IN (SELECT c.code FROM category c
    WHERE c.code = ANY (CAST(:hidden AS text[])) OR c.parent_code = ANY (CAST(:hidden AS text[])))
GROUP BY 1, 2, 3, 4
