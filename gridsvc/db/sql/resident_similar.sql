-- Question: which open reports of a category lie in some rectangles around a place, the newest first? For strangers: the cell
--   that a rectangle is told as is the most they learn of where a report is.
-- Parameters: :category (code), :hidden (text[]: categories or classes that are not public), :wests, :souths, :easts, :norths
--   (float8[]: rectangles, degrees, EPSG:4326, western and southern side in, the others out), :aways (integer[]: 0 for those
--   of the cell asked about, else 1), :default_days (where the category has none of its own), :now (instant), :n (rows at most)
-- Columns: id, state, received_at, away
-- Index: report_geom_idx, compound_geom_idx, report_compound_id_idx
WITH box AS (
  SELECT b.*, ST_MakeEnvelope(b.west, b.south, b.east, b.north, 4326) AS geom
  FROM unnest(CAST(:wests AS float8[]), CAST(:souths AS float8[]), CAST(:easts AS float8[]), CAST(:norths AS float8[]),
    CAST(:aways AS integer[])) b (west, south, east, north, away)
),
near AS (
  SELECT r.id, r.state, r.received_at, r.category, r.open, r.source, b.away
  FROM box b
  JOIN report r ON r.geom && b.geom
    AND ST_X(r.geom) >= b.west AND ST_X(r.geom) < b.east AND ST_Y(r.geom) >= b.south AND ST_Y(r.geom) < b.north
  UNION ALL
  -- one that names a compound and has no position of its own is where the point that stands for the compound is
  SELECT r.id, r.state, r.received_at, r.category, r.open, r.source, b.away
  FROM box b
  JOIN compound k ON k.geom && b.geom
  CROSS JOIN LATERAL (SELECT ST_PointOnSurface(k.geom) AS geom OFFSET 0) p
  JOIN report r ON r.compound_id = k.id AND r.geom IS NULL
  WHERE ST_X(p.geom) >= b.west AND ST_X(p.geom) < b.east AND ST_Y(p.geom) >= b.south AND ST_Y(p.geom) < b.north
)
SELECT r.id, r.state, r.received_at, r.away
FROM near r
JOIN category c ON c.code = r.category
WHERE r.category = CAST(:category AS text) AND r.open AND r.source = 'gridsvc'
  AND NOT (c.code = ANY (CAST(:hidden AS text[])) OR coalesce(c.parent_code = ANY (CAST(:hidden AS text[])), false))
  AND r.received_at >= CAST(:now AS timestamptz) - make_interval(days => coalesce(c.dup_days, CAST(:default_days AS integer)))
ORDER BY r.away, r.received_at DESC, r.id
LIMIT :n
