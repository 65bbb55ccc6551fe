-- Question: of the reports a reader's list shows, how many came lately and before (void ones too), are open, doubtful;
--   and how many wait on no grid?
-- Parameters: :week_from, :before_from (instants), :doubtful_below (share),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null), :queue (bool: unplaced ones too): whose,
--   as in list_reports.sql
-- Columns: n_week, n_before, n_open, n_doubtful (open), n_unplaced (open, on no grid, of everybody), unplaced_since
-- Index: report_received_at_id_idx, placement_current_key, placement_grid_idx
WITH seen_grid AS (
  SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS id
),
lately AS (
  SELECT count(*) FILTER (WHERE r.received_at >= :week_from) AS n_week,
    count(*) FILTER (WHERE r.received_at < :week_from) AS n_before
  FROM report r
  WHERE r.received_at >= :before_from AND (:all_areas OR EXISTS (
    SELECT FROM placement p
    WHERE p.report_id = r.id AND p.to_at IS NULL
      AND (p.grid_version_id IN (SELECT id FROM seen_grid) OR (:queue AND p.grid_version_id IS NULL))))
),
opened AS (
  SELECT count(*) AS n_open
  FROM report r
  WHERE r.open AND (:all_areas OR EXISTS (
    SELECT FROM placement p
    WHERE p.report_id = r.id AND p.to_at IS NULL
      AND (p.grid_version_id IN (SELECT id FROM seen_grid) OR (:queue AND p.grid_version_id IS NULL))))
),
doubted AS (
  SELECT count(*) AS n_doubtful
  FROM placement p JOIN report r ON r.id = p.report_id AND r.open
  WHERE p.to_at IS NULL AND p.confidence < :doubtful_below
    AND (:all_areas OR p.grid_version_id IN (SELECT id FROM seen_grid))
),
waiting AS (
  SELECT count(*) AS n_unplaced, min(r.received_at) AS unplaced_since
  FROM placement p JOIN report r ON r.id = p.report_id AND r.open
  WHERE p.to_at IS NULL AND p.grid_version_id IS NULL
)
SELECT n_week, n_before, n_open, n_doubtful, n_unplaced, unplaced_since FROM lately, opened, doubted, waiting
