-- Question: none; puts each staged grid's version into the draft: the new one, else the published one
-- Parameters: :draft_id, :layer
-- Columns: none
-- Index: grid_version_draft_key, grid_version_current_key
INSERT INTO edition_grid (edition_id, grid_version_id)
SELECT DISTINCT ON (i.code) :draft_id, g.id
FROM incoming_grid i
JOIN grid_version g ON g.layer = :layer AND g.code = i.code AND g.valid_to IS NULL
ORDER BY i.code, g.valid_from IS NULL DESC
