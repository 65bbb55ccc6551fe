-- Question: what is known about one report, for a reader who sees its grid (or everything)?
-- Parameters: :source, :number, :repeat, :sees_unplaced (bool: reports on no grid too),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: the report's own, with category and compound names, sender_name, lon, lat (degrees or null); one row or none
-- Index: report_source_number_repeat_key, placement_current_key
WITH RECURSIVE seen_area AS (
  SELECT id FROM area WHERE id = ANY (CAST(:area_ids AS bigint[]))
  UNION
  SELECT a.id FROM area a JOIN seen_area s ON a.parent_id = s.id
)
SELECT r.id, r.source, r.number, r.repeat, r.source_row, r.state, r.category, c.name_zh, c.name_en, r.category_raw,
  r.description, r.channel, r.words, k.name AS compound, r.raw_x, r.raw_y, r.crs, ST_X(r.geom) AS lon,
  ST_Y(r.geom) AS lat, r.accuracy_m, r.observed_at, r.received_at, r.day_only, r.closed_at, s.name AS sender_name
FROM report r
JOIN category c ON c.code = r.category
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id
LEFT JOIN compound k ON k.id = r.compound_id
LEFT JOIN account s ON s.id = r.sender_id
WHERE r.source = :source AND r.number = :number AND r.repeat = :repeat
  AND (:all_areas OR g.area_id IN (SELECT id FROM seen_area) OR (:sees_unplaced AND g.id IS NULL) OR EXISTS (
    SELECT FROM duty u WHERE u.worker_id = CAST(:worker_id AS bigint) AND u.grid_code = g.code AND u.layer = g.layer))
