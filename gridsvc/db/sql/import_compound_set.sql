-- Question: none; gives the rows that name a compound its place, or the reason why it gives none
-- Parameters: :compound (as the rows say it), :id, :lon, :lat (degrees; nulls where no one compound has the name), :reason
-- Columns: none
-- Index: none
UPDATE import_row
SET compound_id = CAST(:id AS bigint), place_lon = CAST(:lon AS float8), place_lat = CAST(:lat AS float8),
  reason = CAST(:reason AS text)
WHERE lon IS NULL AND compound = :compound AND same IS NOT TRUE
