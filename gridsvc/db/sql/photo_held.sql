-- Question: what is stored under these hashes of sent photos? Held against `clean`, which removes what no report shows.
-- Parameters: :sha256s (bytea[], 32 bytes each)
-- Columns: as `photo_known`; a row for each that is there
-- Index: photo_pkey, report_photo_sha256_idx
SELECT p.sha256, p.file_sha256, p.version, p.width, p.height, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, p.taken_at,
  p.sender_id, EXISTS (SELECT FROM report_photo x WHERE x.sha256 = p.sha256) AS used
FROM photo p
WHERE p.sha256 = ANY (CAST(:sha256s AS bytea[]))
FOR KEY SHARE OF p
