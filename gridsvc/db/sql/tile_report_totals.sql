-- Question: how many reports, void ones left out, lie in each of the 32 x 32 squares of a tile, for who sees all of them?
-- Parameters: :z (at most 14), :x, :y (tile numbers, y from the north), :from_at, :to_at (instants, or null)
-- Columns: whole (whether no report was received before :from_at or from :to_at on; else the counts say too much), and one
--   bytea: a Mapbox vector tile with layer bins (n)
-- Index: report_bin_pkey, report_received_at_id_idx
WITH tile AS (
  SELECT CAST(:z AS int) AS z, CAST(:x AS int) AS x, CAST(:y AS int) AS y,
    CAST(:z AS int) % 2 + 1 AS parts  -- counts are kept at even zooms
),
told AS (
  SELECT ((b.x - t.x * t.parts) * 32 + b.i) / t.parts AS i, ((b.y - t.y * t.parts) * 32 + b.j) / t.parts AS j, b.n
  FROM tile t JOIN report_bin b ON b.z = t.z + t.parts - 1
    AND b.x = ANY (ARRAY[t.x * t.parts, (t.x + 1) * t.parts - 1])
    AND b.y = ANY (ARRAY[t.y * t.parts, (t.y + 1) * t.parts - 1])
  UNION ALL
  SELECT (c.x >> (14 - t.z)) - t.x * 32, (c.y >> (14 - t.z)) - t.y * 32, c.n
  FROM tile t JOIN report_bin_change c ON c.x >> (19 - t.z) = t.x AND c.y >> (19 - t.z) = t.y
),
bins AS (
  SELECT sum(n) AS n, ST_ForcePolygonCCW(ST_MakeEnvelope(i * 128, j * 128, (i + 1) * 128, (j + 1) * 128)) AS geom
  FROM told GROUP BY i, j HAVING sum(n) > 0 ORDER BY j, i
)
SELECT w.whole, CASE WHEN w.whole
  THEN (SELECT ST_AsMVT(b, 'bins', 4096, 'geom') FROM (SELECT CAST(n AS bigint) AS n, geom FROM bins) b) END AS tile
FROM (
  SELECT NOT EXISTS (SELECT FROM report r WHERE r.received_at < CAST(:from_at AS timestamptz))
    AND NOT EXISTS (SELECT FROM report r WHERE r.received_at >= CAST(:to_at AS timestamptz)) AS whole
) w
