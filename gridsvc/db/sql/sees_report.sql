-- Question: does a reader see this report, by its grid, because it is on none, or to claim it (waiting for dispatch,
--   of a category and a place of the own department)?
-- Parameters: :report_id, :sees_unplaced (bool: reports on no grid too),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null): which grids this reader sees
-- Columns: one bool
-- Index: placement_current_key
SELECT EXISTS (
  SELECT FROM placement p
  JOIN report r ON r.id = p.report_id
  LEFT JOIN grid_version g ON g.id = p.grid_version_id
  WHERE p.report_id = :report_id AND p.to_at IS NULL
    AND (:all_areas OR g.id IN (
      SELECT s.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id))
    OR takes_part(CAST(:department_id AS bigint), r.department_id, r.assist_ids, r.called_ids)
    OR (r.state = 'filed' AND r.category IN (SELECT claimed_categories(CAST(:department_id AS bigint)))
      AND g.id IN (SELECT claimed_grids(CAST(:department_id AS bigint))))
    OR (:sees_unplaced AND g.id IS NULL)))
