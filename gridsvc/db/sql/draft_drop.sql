-- Question: none; takes the codes that a file brings (or every code) out of a draft
-- Parameters: :draft_id, :layer, :replace (every code)
-- Columns: none
-- Index: edition_grid_pkey
DELETE FROM edition_grid e USING grid_version g
WHERE e.edition_id = :draft_id AND g.id = e.grid_version_id AND g.layer = :layer
  AND (:replace OR g.code IN (SELECT code FROM incoming_grid))
