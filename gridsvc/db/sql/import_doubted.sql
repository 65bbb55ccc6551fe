-- Question: of which positions is the confidence to be asked for?
-- Parameters: :after (id), :batch (rows)
-- Columns: id, lon, lat (degrees), accuracy_m, at, grid_version_id, by id
-- Index: import_doubted_id_idx
SELECT id, lon, lat, accuracy_m, at, grid_version_id FROM import_doubted
WHERE id > :after AND NOT doubtful
ORDER BY id
LIMIT :batch
