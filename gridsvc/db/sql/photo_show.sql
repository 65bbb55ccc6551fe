-- Question: none; a row of a report's log lists these photos, in this order.
-- Parameters: :report_id, :seq, :sha256s (bytea[], 32 bytes each), :kind
-- Columns: place (from 0)
-- Index: none
INSERT INTO report_photo (report_id, seq, sha256, place, kind)
SELECT CAST(:report_id AS bigint), CAST(:seq AS integer), s.sha256, s.rank - 1, CAST(:kind AS text)
FROM unnest(CAST(:sha256s AS bytea[])) WITH ORDINALITY AS s (sha256, rank)
RETURNING place
