-- Question: how often were residents asked something in a period, about how many reports, and how long did the clock stand
--   still for their answers?
-- Parameters: :from_at (inclusive), :held_at (exclusive, when we look; instants), :longest_s (seconds: the clock waits no longer),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null), :queue (bool: unplaced ones too)
-- Columns: n_questions, n_reports, n_again (reports about which they were asked more than once), waited_s (seconds); one row
-- Index: report_log_at_idx, report_log_pkey, placement_current_key
WITH asked AS MATERIALIZED (
  SELECT l.report_id, l.seq, l.at
  FROM report_log l
  JOIN report r ON r.id = l.report_id
  JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
  WHERE l.action = 'ask_resident' AND l.at >= :from_at AND l.at < :held_at
    AND (:all_areas OR p.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
      OR coalesce(r.department_id = CAST(:department_id AS bigint), false)  -- its lead, as on the ledger
      OR (:queue AND p.grid_version_id IS NULL))
),
waited AS (
  SELECT a.report_id, count(*) OVER (PARTITION BY a.report_id) AS n,
    least(extract(epoch FROM least(e.at, CAST(:held_at AS timestamptz)) - a.at), :longest_s) AS s
  FROM asked a
  LEFT JOIN LATERAL (  -- whatever ended it
    SELECT l.at FROM report_log l
    WHERE l.report_id = a.report_id AND l.seq > a.seq AND jsonb_exists(l.facts -> 'set', 'waiting_at')
    ORDER BY l.seq LIMIT 1
  ) e ON true
)
SELECT count(*) AS n_questions, count(DISTINCT report_id) AS n_reports,
  count(DISTINCT report_id) FILTER (WHERE n > 1) AS n_again, CAST(coalesce(sum(s), 0) AS float8) AS waited_s
FROM waited
