-- Question: which photos do reports show, in the order in which they came?
-- Parameters: :report_ids (bigint[])
-- Columns: report_id, seq (of the log row that lists it), kind, sha256, version, width, height (pixels), lon, lat (degrees,
--   EPSG:4326, or null), taken_at
-- Index: report_photo_pkey, photo_pkey
SELECT x.report_id, x.seq, x.kind, p.sha256, p.version, p.width, p.height, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, p.taken_at
FROM report_photo x
JOIN photo p ON p.sha256 = x.sha256
WHERE x.report_id = ANY (:report_ids)
ORDER BY x.report_id, x.seq, x.place
