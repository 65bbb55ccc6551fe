-- Question: which are the latest visits at a reader's doors, found door by door? As visits_page has them.
-- Parameters: :worker, :from_at, :to_at, :flag, :after_at, :after_id, :n, :all_areas, :area_ids, :worker_id
-- Columns: id
-- Index: household_grid_version_id_idx, visit_household_id_happened_at_idx
SELECT v.id
FROM household h
CROSS JOIN LATERAL (
  SELECT v.id, v.happened_at FROM visit v
  WHERE v.household_id = h.id
    AND (CAST(:worker AS text) IS NULL OR v.worker_id = (SELECT w.id FROM worker w WHERE w.code = CAST(:worker AS text)))
    AND (CAST(:from_at AS timestamptz) IS NULL OR v.happened_at >= CAST(:from_at AS timestamptz))
    AND (CAST(:to_at AS timestamptz) IS NULL OR v.happened_at < CAST(:to_at AS timestamptz))
    AND (CAST(:flag AS text) IS NULL OR (CAST(:flag AS text) = 'far' AND v.far) OR (CAST(:flag AS text) = 'late' AND v.late)
      OR (CAST(:flag AS text) = 'clock' AND v.phone_at IS NOT NULL))
    AND (CAST(:after_at AS timestamptz) IS NULL
      OR (v.happened_at, v.id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS bigint)))
  ORDER BY v.happened_at DESC, v.id DESC
  LIMIT :n
) v
WHERE :all_areas OR h.grid_version_id IN (
  SELECT m.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS m (id))
ORDER BY v.happened_at DESC, v.id DESC
LIMIT :n
