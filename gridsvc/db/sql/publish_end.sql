-- Question: which versions of the published edition does the draft leave out? They end now.
-- Parameters: :draft_id, :published_id (null: none), :now (instant)
-- Columns: id
-- Index: edition_grid_pkey
UPDATE grid_version g SET valid_to = :now
FROM edition_grid e
WHERE e.edition_id = CAST(:published_id AS bigint) AND g.id = e.grid_version_id
  AND NOT EXISTS (SELECT FROM edition_grid d WHERE d.edition_id = :draft_id AND d.grid_version_id = g.id)
RETURNING g.id
