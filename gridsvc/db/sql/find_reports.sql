-- Question: which reports that a reader sees have a number that is this or begins like this?
-- Parameters: :low (the number as it was typed), :high (what no number that begins so is behind), :most (candidates), :n (rows),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null): which grids this reader sees,
--   :sees_unplaced (bool: reports on no grid too)
-- Columns: source, number, repeat, name_zh, name_en (of the category), grid_name, lon, lat (degrees, or null);
--   the number itself first, then the latest numbers
-- Index: report_source_number_repeat_key (source by source, of which there are few), placement_current_key
WITH RECURSIVE sources AS (
  (SELECT r.source FROM report r ORDER BY r.source LIMIT 1)
  UNION ALL
  SELECT (SELECT r.source FROM report r WHERE r.source > s.source ORDER BY r.source LIMIT 1)
  FROM sources s WHERE s.source IS NOT NULL
),
candidate AS MATERIALIZED (
  SELECT r.*
  FROM sources s
  CROSS JOIN LATERAL (
    SELECT r.id, r.source, r.number, r.repeat, r.category, r.state, r.department_id, r.assist_ids, r.called_ids, r.geom
    FROM report r
    WHERE r.source = s.source AND r.number >= :low AND r.number < :high
    ORDER BY r.number <> :low, r.number DESC
    LIMIT :most
  ) r
)
SELECT r.source, r.number, r.repeat, c.name_zh, c.name_en, g.name AS grid_name, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat
FROM candidate r
JOIN category c ON c.code = r.category
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id
WHERE :all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
  OR takes_part(CAST(:department_id AS bigint), r.department_id, r.assist_ids, r.called_ids)
  OR (r.state = 'filed' AND r.category IN (SELECT claimed_categories(CAST(:department_id AS bigint)))
    AND g.id IN (SELECT claimed_grids(CAST(:department_id AS bigint))))
  OR (:sees_unplaced AND g.id IS NULL)
ORDER BY r.number <> :low, r.number DESC, r.source, r.repeat
LIMIT :n
