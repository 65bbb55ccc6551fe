-- Question: which visits does a reader see, the latest first? Corrected ones and corrections are both there.
-- Parameters: :household_id (bigint or null), :client_key (uuid or null), :worker (code or null), :from_at, :to_at (instants
--   or null; of the visit), :flag (far|late|clock or null), :after_at, :after_id (the last row of the page before, or null),
--   :n (rows), :ids (bigint[] or null: of these alone), :most (the latest so many are looked through, or null: all),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: of the visit (carried: of the one that it supersedes only the door is another); compound, building, unit, room,
--   kind, name of its door; grid_code; worker_code, who (its worker's name, else its account's); superseded_by (id or null);
--   carried_away (that one only names another door); returned (carried to its door as a merge of it was undone);
--   came_back (carried away by a merge of its door, which is undone now); report_numbers (text[])
-- Index: visit_household_id_happened_at_idx, visit_happened_at_idx, visit_worker_id_happened_at_idx, visit_flagged_idx,
--   household_log_household_id_idx
SELECT v.id, v.client_key, v.household_id, v.outcome, v.mode, v.happened_at, v.recorded_at, v.phone_at, v.n_met,
  v.accuracy_m, v.distance_m, v.far, v.late, v.needs, v.policies, v.answers, v.n_issued, v.n_returned, v.supersedes_id, v.carried, v.role,
  v.account_id, v.worker_id, ST_X(v.geom) AS lon, ST_Y(v.geom) AS lat,
  c.name AS compound, h.building, h.unit, h.room, h.kind, h.name, g.code AS grid_code, w.code AS worker_code,
  coalesce(w.name, a.name) AS who, s.id AS superseded_by, coalesce(s.carried, false) AS carried_away,
  v.carried AND EXISTS (SELECT FROM household_log l
    WHERE l.household_id = v.household_id AND l.action = 'returned' AND l.at = v.recorded_at) AS returned,
  coalesce(s.carried AND EXISTS (SELECT FROM household_log l
    WHERE l.household_id = v.household_id AND l.action = 'merged' AND l.at = s.recorded_at) AND 'returned' = (
      SELECT l.action FROM household_log l WHERE l.household_id = v.household_id AND l.action IN ('merged', 'returned')
      ORDER BY l.id DESC LIMIT 1), false) AS came_back,
  ARRAY(SELECT r.number FROM visit_report l JOIN report r ON r.id = l.report_id WHERE l.visit_id = v.id ORDER BY r.id)
    AS report_numbers
FROM (
  SELECT v.* FROM visit v
  WHERE (CAST(:ids AS bigint[]) IS NULL OR v.id = ANY (CAST(:ids AS bigint[])))
    AND (CAST(:household_id AS bigint) IS NULL OR v.household_id = CAST(:household_id AS bigint))
    AND (CAST(:client_key AS uuid) IS NULL OR v.client_key = CAST(:client_key AS uuid))
    AND (CAST(:worker AS text) IS NULL OR v.worker_id = (SELECT w.id FROM worker w WHERE w.code = CAST(:worker AS text)))
    AND (CAST(:from_at AS timestamptz) IS NULL OR v.happened_at >= CAST(:from_at AS timestamptz))
    AND (CAST(:to_at AS timestamptz) IS NULL OR v.happened_at < CAST(:to_at AS timestamptz))
    AND (CAST(:flag AS text) IS NULL OR (CAST(:flag AS text) = 'far' AND v.far) OR (CAST(:flag AS text) = 'late' AND v.late)
      OR (CAST(:flag AS text) = 'clock' AND v.phone_at IS NOT NULL))
    AND (CAST(:flag AS text) IS NULL OR v.far OR v.late OR v.phone_at IS NOT NULL)
    AND (CAST(:after_at AS timestamptz) IS NULL
      OR (v.happened_at, v.id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS bigint)))
  ORDER BY v.happened_at DESC, v.id DESC
  LIMIT CAST(:most AS bigint)
) v
JOIN household h ON h.id = v.household_id
LEFT JOIN compound c ON c.id = h.compound_id
LEFT JOIN grid_version g ON g.id = h.grid_version_id
LEFT JOIN worker w ON w.id = v.worker_id
LEFT JOIN account a ON a.id = v.account_id
LEFT JOIN visit s ON s.supersedes_id = v.id
WHERE (:all_areas OR h.grid_version_id IN (
    SELECT m.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS m (id)))
ORDER BY v.happened_at DESC, v.id DESC
LIMIT :n
