-- Question: how many doors of a campaign's list were first reached on each day, and how many visits were there?
-- Parameters: :campaign_id, :zone (name of a time zone),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: day, n_new (eligible doors first reached on it), n_visits (counted ones, at any door of the list), by day
-- Index: campaign_door_pkey, visit_happened_at_idx
WITH seen AS MATERIALIZED (
  SELECT d.household_id, CASE WHEN h.excluded IS NULL THEN d.reached_at END AS reached_at
  FROM campaign_door d JOIN household h ON h.id = d.household_id
  WHERE d.campaign_id = :campaign_id AND d.n_visits > 0
    AND (:all_areas OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
),
reached AS (
  SELECT CAST(s.reached_at AT TIME ZONE :zone AS date) AS day, count(*) AS n FROM seen s
  WHERE s.reached_at IS NOT NULL GROUP BY 1
),
visited AS (
  SELECT CAST(v.happened_at AT TIME ZONE :zone AS date) AS day, count(*) AS n
  FROM campaign c
  JOIN effective_visits('infinity') v
    ON v.happened_at >= c.starts_at AND v.happened_at < c.ends_at AND v.mode = ANY (c.modes)
  JOIN seen s ON s.household_id = v.household_id
  WHERE c.id = :campaign_id
  GROUP BY 1
)
SELECT coalesce(r.day, v.day) AS day, coalesce(r.n, 0) AS n_new, coalesce(v.n, 0) AS n_visits
FROM reached r FULL JOIN visited v ON v.day = r.day
ORDER BY 1
