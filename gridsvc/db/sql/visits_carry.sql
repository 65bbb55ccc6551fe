-- Question: none; the visits that hold at one entry of a door, or some of them, are at another one from now on: each gets an
--   entry that supersedes it and says the same of that one, with the same reports
-- Parameters: :from_id, :to_id (doors), :now (instant), :far_m (metres beyond which a visit at the door is flagged),
--   :visit_ids (bigint[] or null: only these)
-- Columns: n_visits, n_reports; one row
-- Index: visit_household_id_happened_at_idx, visit_report_pkey
-- How far and how late it was is told anew and stays as it was: the distance is to the door, the delay is the phone's.
WITH carried AS (
  INSERT INTO visit (client_key, household_id, worker_id, account_id, outcome, mode, happened_at, recorded_at, phone_at, n_met,
    x, y, crs, geom, accuracy_m, distance_m, far, late, needs, policies, answers, n_issued, n_returned, supersedes_id,
    importer_id, role, carried)
  SELECT gen_random_uuid(), h.id, v.worker_id, v.account_id, v.outcome, v.mode, v.happened_at, :now, v.phone_at, v.n_met,
    v.x, v.y, v.crs, v.geom, v.accuracy_m, d.distance_m,
    v.mode = 'door' AND coalesce(d.distance_m > greatest(CAST(:far_m AS float8), v.accuracy_m), false), v.late, v.needs,
    v.policies, v.answers, v.n_issued, v.n_returned, v.id, v.importer_id, v.role, true
  FROM effective_visits('infinity') v
  JOIN household h ON h.id = :to_id
  CROSS JOIN LATERAL (SELECT ST_Distance(CAST(v.geom AS geography), CAST(h.geom AS geography)) AS distance_m) d
  WHERE v.household_id = :from_id AND (CAST(:visit_ids AS bigint[]) IS NULL OR v.id = ANY (CAST(:visit_ids AS bigint[])))
  ORDER BY v.id
  RETURNING id, supersedes_id
),
linked AS (
  INSERT INTO visit_report (visit_id, report_id)
  SELECT c.id, r.report_id FROM carried c JOIN visit_report r ON r.visit_id = c.supersedes_id
  RETURNING visit_id
)
SELECT (SELECT count(*) FROM carried) AS n_visits, (SELECT count(*) FROM linked) AS n_reports
