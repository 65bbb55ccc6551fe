-- Question: which changes of the counted squares were written since the last fold? They are taken into the counts.
-- Parameters: none
-- Columns: n (changes taken in)
-- Index: report_bin_pkey
WITH taken AS (
  DELETE FROM report_bin_change RETURNING x, y, n
),
moved AS (
  SELECT x, y, sum(n) AS n FROM taken GROUP BY x, y HAVING sum(n) <> 0
),
counted AS (
  -- z is a tile's zoom: its squares are those of zoom z + 5, and a square of zoom 14 + 5 lies in the one of these bits
  SELECT z.z, m.x >> (19 - z.z) AS x, m.y >> (19 - z.z) AS y, (m.x >> (14 - z.z)) & 31 AS i, (m.y >> (14 - z.z)) & 31 AS j,
    sum(m.n) AS n
  FROM moved m CROSS JOIN generate_series(0, 14, 2) AS z (z)
  GROUP BY 1, 2, 3, 4, 5 HAVING sum(m.n) <> 0
),
kept AS (
  INSERT INTO report_bin AS b (z, x, y, i, j, n)
  SELECT z, x, y, i, j, n FROM counted ORDER BY z, x, y, i, j
  ON CONFLICT (z, x, y, i, j) DO UPDATE SET n = b.n + excluded.n
)
SELECT count(*) AS n FROM taken
