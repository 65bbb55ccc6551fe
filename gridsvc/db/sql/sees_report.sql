-- Question: does a reader see this report, by its grid or because it is on none?
-- Parameters: :report_id, :sees_unplaced (bool: reports on no grid too),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: one bool
-- Index: placement_current_key
WITH RECURSIVE seen_area AS (
  SELECT id FROM area WHERE id = ANY (CAST(:area_ids AS bigint[]))
  UNION
  SELECT a.id FROM area a JOIN seen_area s ON a.parent_id = s.id
)
SELECT EXISTS (
  SELECT FROM placement p
  LEFT JOIN grid_version g ON g.id = p.grid_version_id
  WHERE p.report_id = :report_id AND p.to_at IS NULL
    AND (:all_areas OR g.area_id IN (SELECT id FROM seen_area) OR (:sees_unplaced AND g.id IS NULL) OR EXISTS (
      SELECT FROM duty u WHERE u.worker_id = CAST(:worker_id AS bigint) AND u.grid_code = g.code AND u.layer = g.layer)))
