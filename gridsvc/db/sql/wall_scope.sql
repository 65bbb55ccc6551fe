-- Question: which grids does a reader of the wall see, and which does the filter by area ask for, as a short text that
--   is another when one of them comes or goes?
-- Parameters: :area_ids (bigint[]: of the reader), :worker_id (or null), :area (code of the filter, or null)
-- Columns: scope
-- Index: area_parent_id_idx, grid_version_area_id_idx, grid_version_code_idx, area_code_key
SELECT concat_ws('/',
  coalesce((
    SELECT md5(string_agg(CAST(s.id AS text), ',' ORDER BY s.id))
    FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id)
  ), '-'),
  coalesce((
    SELECT md5(string_agg(CAST(s.id AS text), ',' ORDER BY s.id))
    FROM seen_grids(ARRAY(SELECT a.id FROM area a WHERE a.code = CAST(:area AS text)), NULL) AS s (id)
  ), '-')) AS scope
