-- Question: none; finds the stored report of each row of a source, and whether the row says what it said before
-- Parameters: :source, :crs (name of the file's coordinate system)
-- Columns: none; fills known_id and same, and puts the stored report's id in the place of the new one
-- Index: report_source_number_repeat_key
UPDATE import_row i
SET id = r.id, known_id = r.id, same = coalesce(r.body_hash = pg_temp.fingerprint(i, CAST(:crs AS text)), false)
FROM report r
WHERE r.source = :source AND r.number = i.number AND r.repeat = i.repeat
