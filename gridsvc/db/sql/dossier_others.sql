-- Question: which other reports belong to one, of those that the reader sees: the one it is merged with, those merged with
--   it, the same place before?
-- Parameters: :report_id, :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null): whose,
--   :sees_unplaced (bool)
-- Columns: how (parent, child or again), id, source, number, repeat, state, received_at, description; children by receipt
-- Index: report_pkey, report_parent_id_idx, placement_current_key
WITH other AS (
  SELECT 'parent' AS how, 1 AS place, r.parent_id AS id FROM report r WHERE r.id = :report_id AND r.parent_id IS NOT NULL
  UNION ALL
  SELECT 'again', 2, r.again_of FROM report r WHERE r.id = :report_id AND r.again_of IS NOT NULL
  UNION ALL
  (SELECT 'child', 3, c.id FROM report c WHERE c.parent_id = :report_id ORDER BY c.received_at, c.id LIMIT 100)
)
SELECT o.how, r.id, r.source, r.number, r.repeat, r.state, r.received_at, r.description
FROM other o
JOIN report r ON r.id = o.id
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id
WHERE :all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
  OR takes_part(CAST(:department_id AS bigint), r.department_id, r.assist_ids, r.called_ids)
  OR (:sees_unplaced AND g.id IS NULL)
ORDER BY o.place, r.received_at, r.id
