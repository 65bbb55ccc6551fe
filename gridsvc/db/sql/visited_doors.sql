-- Question: none; makes each door of a campaign's list stand as its visits say
-- Parameters: :campaign_id
-- Columns: none
-- Index: campaign_door_pkey, visit_happened_at_idx
WITH stands AS MATERIALIZED (
  SELECT s.*
  FROM campaign c CROSS JOIN LATERAL door_status(c.starts_at, c.ends_at, c.modes, 'infinity') s
  WHERE c.id = :campaign_id
),
anew AS (
  SELECT d.household_id, coalesce(s.status, 'not_visited') AS status, coalesce(s.n_visits, 0) AS n_visits,
    coalesce(s.n_reached, 0) AS n_reached, coalesce(s.n_met, 0) AS n_met, coalesce(s.most_met, 0) AS most_met,
    s.reached_at
  FROM campaign_door d LEFT JOIN stands s ON s.household_id = d.household_id
  WHERE d.campaign_id = :campaign_id
)
UPDATE campaign_door d SET status = a.status, n_visits = a.n_visits, n_reached = a.n_reached, n_met = a.n_met,
  most_met = a.most_met, reached_at = a.reached_at
FROM anew a
WHERE d.campaign_id = :campaign_id AND d.household_id = a.household_id
  AND (d.status, d.n_visits, d.n_reached, d.n_met, d.most_met, d.reached_at)
    IS DISTINCT FROM (a.status, a.n_visits, a.n_reached, a.n_met, a.most_met, a.reached_at)
