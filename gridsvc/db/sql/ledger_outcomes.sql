-- Question: what has become, by now, of the reports received in a period?
-- Parameters: :from_at (inclusive), :to_at (exclusive; instants),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null), :queue (bool: unplaced ones too)
-- Columns: received, on_spot, coordinated, open, dropped; one row
-- Index: report_received_at_id_idx, placement_current_key
SELECT count(*) AS received,
  count(*) FILTER (WHERE r.state IN ('disposed', 'checked', 'closed', 'struck_off')
    AND r.outcome IS NOT DISTINCT FROM 'on_spot') AS on_spot,
  count(*) FILTER (WHERE r.state IN ('disposed', 'checked', 'closed', 'struck_off')
    AND r.outcome IS DISTINCT FROM 'on_spot') AS coordinated,
  count(*) FILTER (WHERE r.state IN ('reported', 'verified', 'filed', 'dispatched')) AS open,
  count(*) FILTER (WHERE r.state IN ('void', 'not_filed', 'merged')) AS dropped
FROM report r
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
WHERE r.received_at >= :from_at AND r.received_at < :to_at
  AND (:all_areas OR p.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
    OR coalesce(r.department_id = CAST(:department_id AS bigint), false)  -- its lead, as in ledger_flows
    OR (:queue AND p.grid_version_id IS NULL))
