-- Question: none; a new draft starts with the grids of the published edition
-- Parameters: :draft_id, :published_id (null: it starts empty)
-- Columns: none
-- Index: edition_grid_pkey
INSERT INTO edition_grid (edition_id, grid_version_id)
SELECT :draft_id, grid_version_id FROM edition_grid WHERE edition_id = CAST(:published_id AS bigint)
