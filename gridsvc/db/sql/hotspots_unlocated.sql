-- Question: how many of a reader's reports of a period have no position?
-- Parameters: :from_at, :to_at, :held_at (instants), :category (code or null),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null), :queue (bool: unplaced ones too): whose
-- Columns: one number
-- Index: report_received_at_id_idx, placement_pkey
SELECT count(*)
FROM report r
LEFT JOIN placement p ON p.report_id = r.id AND (p.from_at <= :held_at OR p.seq = 1) AND (p.to_at IS NULL OR p.to_at > :held_at)
LEFT JOIN grid_version g ON g.id = p.grid_version_id
WHERE r.received_at >= :from_at AND r.received_at < :to_at AND r.state <> 'void'
  AND (CAST(:category AS text) IS NULL OR r.category = CAST(:category AS text))
  AND r.geom IS NULL
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
    OR (:queue AND g.id IS NULL))
