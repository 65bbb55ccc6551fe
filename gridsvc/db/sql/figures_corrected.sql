-- Question: how many reports were received in a period by what a later import says, or were before it said so?
-- Parameters: :from_at (inclusive), :to_at (exclusive; instants), :held_at (corrections from then on),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null), :queue (bool: unplaced ones too)
-- Columns: n; one row
-- Index: report_log_at_idx, report_pkey, placement_current_key
SELECT count(DISTINCT l.report_id) AS n
FROM report_log l
JOIN report r ON r.id = l.report_id
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
WHERE l.at >= :held_at AND l.action = 'import' AND l.seq > 1 AND jsonb_exists(l.facts -> 'received_at', 'from')
  AND ((r.received_at >= :from_at AND r.received_at < :to_at)
    OR (CAST(l.facts -> 'received_at' ->> 'from' AS timestamptz) >= :from_at
      AND CAST(l.facts -> 'received_at' ->> 'from' AS timestamptz) < :to_at))
  AND (:all_areas OR p.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
    OR coalesce(r.department_id = CAST(:department_id AS bigint), false)
    OR (:queue AND p.grid_version_id IS NULL))
