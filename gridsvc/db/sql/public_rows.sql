-- Question: which problems are public, the newest first, with what staff released of them?
-- Parameters: :states (text[]), :since (instant: received since), :hidden (text[]: categories or classes that are not
--   public), :category (code, or null: all), :boxed (bool: only those in one of the boxes), :wests, :souths, :easts, :norths
--   (float8[]: boxes, degrees, EPSG:4326, western and southern side in, the others out), :n (rows at most), :skip (rows of
--   the pages before)
-- Columns: id, category, name_zh, name_en, state, received_at, closed_at, lon, lat (not for the public), words, photos (bytea[])
-- Index: report_received_at_id_idx, report_geom_idx
SELECT r.id, r.category, c.name_zh, c.name_en, r.state, r.received_at, r.closed_at, ST_X(r.geom) AS lon,
  ST_Y(r.geom) AS lat,
  (SELECT d.words FROM released d WHERE d.report_id = r.id AND d.sha256 IS NULL AND d.shown) AS words,
  ARRAY(SELECT d.sha256 FROM released d WHERE d.report_id = r.id AND d.sha256 IS NOT NULL AND d.shown ORDER BY d.at) AS photos
FROM report r
JOIN category c ON c.code = r.category
WHERE r.received_at >= CAST(:since AS timestamptz) AND r.state = ANY (CAST(:states AS text[]))
  AND (CAST(:category AS text) IS NULL OR r.category = :category)
  AND NOT (c.code = ANY (CAST(:hidden AS text[])) OR coalesce(c.parent_code = ANY (CAST(:hidden AS text[])), false))
  AND (NOT :boxed OR EXISTS (
    SELECT FROM unnest(CAST(:wests AS float8[]), CAST(:souths AS float8[]), CAST(:easts AS float8[]), CAST(:norths AS float8[]))
      b (west, south, east, north)
    WHERE r.geom && ST_MakeEnvelope(b.west, b.south, b.east, b.north, 4326)
      AND ST_X(r.geom) >= b.west AND ST_X(r.geom) < b.east AND ST_Y(r.geom) >= b.south AND ST_Y(r.geom) < b.north))
ORDER BY r.received_at DESC, r.id DESC
LIMIT :n OFFSET :skip
