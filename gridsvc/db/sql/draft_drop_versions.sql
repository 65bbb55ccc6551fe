-- Question: none; removes versions that were never published and are in no draft any more
-- Parameters: :layer
-- Columns: none
-- Index: grid_version_draft_key
DELETE FROM grid_version g
WHERE g.layer = :layer AND g.valid_from IS NULL
  AND NOT EXISTS (SELECT FROM edition_grid e WHERE e.grid_version_id = g.id)
