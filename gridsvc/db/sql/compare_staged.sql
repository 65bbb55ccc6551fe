-- Question: which codes would a file's grids add, change, leave or remove in an edition?
-- Parameters: :edition_id (null: there is none yet), :replace (codes that the file lacks are removed)
-- Columns: code, kind (added|changed|same|removed), by code
-- Index: edition_grid_pkey
WITH had AS (
  SELECT g.code, g.name, g.geom
  FROM edition_grid e JOIN grid_version g ON g.id = e.grid_version_id
  WHERE e.edition_id = CAST(:edition_id AS bigint)
)
SELECT coalesce(i.code, h.code) AS code,
  CASE WHEN h.code IS NULL THEN 'added' WHEN i.code IS NULL THEN 'removed'
    WHEN h.name = i.name AND ST_OrderingEquals(ST_Normalize(h.geom), ST_Normalize(i.geom)) THEN 'same'
    ELSE 'changed' END AS kind
FROM incoming_grid i FULL JOIN had h ON h.code = i.code
WHERE i.code IS NOT NULL OR :replace
ORDER BY 1
