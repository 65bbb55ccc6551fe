-- Question: is this photo new? Then it is stored.
-- Parameters: :sha256, :file_sha256 (32 bytes each), :width, :height (pixels), :n_bytes, :sent_format, :sent_bytes,
--   :lon, :lat (degrees, EPSG:4326, or null), :taken_at (or null), :received_at, :sender_id (or null)
-- Columns: as `photo_known`; no row where the photo is known already
-- Index: photo_pkey
INSERT INTO photo (sha256, file_sha256, width, height, n_bytes, sent_format, sent_bytes, geom, taken_at, received_at,
  sender_id)
VALUES (:sha256, :file_sha256, :width, :height, :n_bytes, :sent_format, :sent_bytes,
  ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326), CAST(:taken_at AS timestamptz),
  :received_at, CAST(:sender_id AS bigint))
ON CONFLICT (sha256) DO NOTHING
RETURNING sha256, file_sha256, version, width, height, ST_X(geom) AS lon, ST_Y(geom) AS lat, taken_at, sender_id,
  false AS used
