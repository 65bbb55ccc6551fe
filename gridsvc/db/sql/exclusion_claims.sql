-- Question: at which doors does the latest visit say that the door is vacant or not eligible, and which entries were said to be
--   no door of their own while a campaign lists both, and nobody has confirmed it?
-- Parameters: :household_id (bigint; null: all), :most (rows),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: visit_id (null: said in the register), household_id, reason, claimed_at, account_id, worker_id, worker_name,
--   compound_name, building, unit, room, kind, grid_code; the longest waiting first
-- Index: visit_claim_idx, visit_household_id_happened_at_idx, household_same_as_id_idx, household_log_household_id_idx, campaign_door_household_id_idx, household_pkey
WITH claim AS (
  SELECT v.id AS visit_id, v.household_id, v.outcome AS reason, v.happened_at AS claimed_at, v.account_id, v.worker_id
  FROM effective_visits('infinity') v
  JOIN household h ON h.id = v.household_id AND h.removed_at IS NULL
  WHERE v.outcome IN ('vacant', 'not_eligible') AND v.mode = 'door'
    AND NOT EXISTS (
      SELECT FROM effective_visits('infinity') n
      WHERE n.household_id = v.household_id AND n.mode = 'door'
        AND (n.happened_at, n.recorded_at, n.id) > (v.happened_at, v.recorded_at, v.id))
  UNION ALL
  SELECT NULL, h.id, 'not_eligible', h.removed_at, l.account_id, NULL
  FROM household h
  CROSS JOIN LATERAL (
    SELECT m.account_id FROM household_log m WHERE m.household_id = h.id AND m.action = 'merged' ORDER BY m.id DESC LIMIT 1
  ) l
  WHERE h.same_as_id IS NOT NULL AND EXISTS (SELECT FROM campaign_door d WHERE d.household_id = h.id)
)
SELECT v.visit_id, v.household_id, v.reason, v.claimed_at, v.account_id, v.worker_id,
  coalesce(w.name, a.name) AS worker_name, c.name AS compound_name, h.building, h.unit, h.room, h.kind, g.code AS grid_code
FROM claim v
JOIN household h ON h.id = v.household_id AND h.excluded IS NULL
LEFT JOIN compound c ON c.id = h.compound_id
LEFT JOIN grid_version g ON g.id = h.grid_version_id
LEFT JOIN worker w ON w.id = v.worker_id
LEFT JOIN account a ON a.id = v.account_id
WHERE (CAST(:household_id AS bigint) IS NULL OR v.household_id = CAST(:household_id AS bigint))
  AND (:all_areas OR h.grid_version_id IN (
    SELECT s.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id)))
  -- one that led to an exclusion which has ended, or was declined, is done with
  AND NOT EXISTS (
    SELECT FROM household_exclusion x WHERE x.household_id = v.household_id AND x.claimed_at >= v.claimed_at
      -- that an entry was no door of its own says nothing of what a visit found there
      AND (v.visit_id IS NULL OR NOT EXISTS (SELECT FROM household_log m
        WHERE m.household_id = x.household_id AND m.action = 'merged' AND m.at = x.claimed_at)))
ORDER BY v.claimed_at, v.visit_id, v.household_id
LIMIT :most
