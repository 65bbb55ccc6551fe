-- Question: what is known about one report, for a reader who sees its grid (or everything), or may claim it?
-- Parameters: :source, :number, :repeat, :sees_unplaced (bool: reports on no grid too),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null): which grids this reader sees
-- Columns: the report's own, with category and compound names, sender_name, lon, lat (degrees or null); one row or none
-- Index: report_source_number_repeat_key, placement_current_key
SELECT r.id, r.source, r.number, r.repeat, r.source_row, r.state, r.category, c.name_zh, c.name_en, r.category_raw,
  r.description, r.channel, r.words, k.name AS compound, r.raw_x, r.raw_y, r.crs, ST_X(r.geom) AS lon,
  ST_Y(r.geom) AS lat, r.accuracy_m, r.observed_at, r.phone_at,
  r.measured_x, r.measured_y, r.measured_crs, r.measured_lon, r.measured_lat, r.measured_accuracy_m, r.received_at, r.day_only, r.closed_at, r.due_at, s.name AS sender_name
FROM report r
JOIN category c ON c.code = r.category
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id
LEFT JOIN compound k ON k.id = r.compound_id
LEFT JOIN account s ON s.id = r.sender_id
WHERE r.source = :source AND r.number = :number AND r.repeat = :repeat
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
    OR takes_part(CAST(:department_id AS bigint), r.department_id, r.assist_ids, r.called_ids)
    OR (r.state = 'filed' AND r.category IN (SELECT claimed_categories(CAST(:department_id AS bigint)))
      AND g.id IN (SELECT claimed_grids(CAST(:department_id AS bigint))))
    OR (:sees_unplaced AND g.id IS NULL))
