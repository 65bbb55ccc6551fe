-- Question: which codes does a draft add, change, leave or remove against the published edition?
-- Parameters: :draft_id, :published_id (null: none yet)
-- Columns: code, kind (added|changed|same|removed), by code
-- Index: edition_grid_pkey
WITH new AS (
  SELECT g.id, g.code FROM edition_grid e JOIN grid_version g ON g.id = e.grid_version_id WHERE e.edition_id = :draft_id
),
had AS (
  SELECT g.id, g.code FROM edition_grid e JOIN grid_version g ON g.id = e.grid_version_id
  WHERE e.edition_id = CAST(:published_id AS bigint)
)
SELECT coalesce(n.code, h.code) AS code,
  CASE WHEN h.id IS NULL THEN 'added' WHEN n.id IS NULL THEN 'removed' WHEN n.id = h.id THEN 'same' ELSE 'changed' END
    AS kind
FROM new n FULL JOIN had h ON h.code = n.code
ORDER BY 1
