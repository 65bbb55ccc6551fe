-- Question: what is a phone's list made of, as a short text that is another when an edition, a duty, a compound of the own
--   grids, a category or a class comes, goes or changes, or the whole is brought back from a dump?
-- Parameters: :own (bigint[]: the reader's published grids), :worker_id (bigint or null)
-- Columns: key
-- Index: edition_published_key, duty_grid_code_layer_worker_id_kind_key, compound_geom_idx
SELECT concat_ws('/',
  (SELECT concat_ws(' ', s.system_identifier, CAST(CAST('report' AS regclass) AS oid)) FROM pg_control_system() s),
  (SELECT string_agg(CAST(e.id AS text), ',' ORDER BY e.id) FROM edition e WHERE e.state = 'published'),
  array_to_string(CAST(:own AS bigint[]), ','),
  (SELECT md5(string_agg(concat_ws(' ', d.layer, d.grid_code, d.kind), ',' ORDER BY d.layer, d.grid_code, d.kind))
    FROM duty d WHERE d.worker_id = CAST(:worker_id AS bigint)),
  (SELECT md5(string_agg(concat_ws(' ', c.id, c.name, md5(ST_AsBinary(c.geom))), ',' ORDER BY c.id)) FROM compound c
    WHERE c.id IN (SELECT k.id FROM grid_version g JOIN compound k ON k.geom && g.geom
      WHERE g.id = ANY (CAST(:own AS bigint[])))),
  (SELECT md5(string_agg(concat_ws(' ', c.code, c.name_zh, c.name_en, c.active, c.parent_code), ',' ORDER BY c.code))
    FROM category c),
  (SELECT string_agg(CAST(s.id AS text), ',' ORDER BY s.id) FROM category_sheet s WHERE s.current),
  (SELECT md5(string_agg(concat_ws(' ', h.code, h.name_zh, h.name_en, h.cycle_days), ',' ORDER BY h.code))
    FROM household_class h)) AS key
