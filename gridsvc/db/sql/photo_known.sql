-- Question: what is stored under the hash of a sent photo?
-- Parameters: :sha256 (32 bytes)
-- Columns: sha256, file_sha256, version, width, height (pixels), lon, lat (degrees, EPSG:4326, or null), taken_at,
--   sender_id, used (whether a report shows it); one row or none
-- Index: photo_pkey, report_photo_sha256_idx
SELECT p.sha256, p.file_sha256, p.version, p.width, p.height, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, p.taken_at,
  p.sender_id, EXISTS (SELECT FROM report_photo x WHERE x.sha256 = p.sha256) AS used
FROM photo p
WHERE p.sha256 = :sha256
