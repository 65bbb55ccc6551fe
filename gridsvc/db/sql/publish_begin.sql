-- Question: which versions does the draft bring? They begin now, or have always held where the layer had no edition.
-- Parameters: :draft_id, :now (instant), :first (the layer's first edition)
-- Columns: id
-- Index: edition_grid_pkey
UPDATE grid_version g SET valid_from = CASE WHEN :first THEN '-infinity' ELSE CAST(:now AS timestamptz) END
FROM edition_grid e
WHERE e.edition_id = :draft_id AND g.id = e.grid_version_id AND g.valid_from IS NULL
RETURNING g.id
