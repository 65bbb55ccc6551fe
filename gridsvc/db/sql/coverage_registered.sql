-- Question: none; puts the doors on the register at an instant into covered_door
-- Parameters: :as_of (instant or null: now),
--   :gone_ids (bigint[]: the doors that coverage_gone tells of then, none for now),
--   :everywhere (bool: the doors of all grids; else those below),
--   :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees,
--   :folded (text[]: classes that this reader takes for the default one of the kind)
-- Columns: none
-- Index: household_exclusion_household_id_idx
INSERT INTO covered_door (id, grid_version_id, compound_id, class_code, kind, excluded, targeted)
SELECT r.*, r.excluded IS NULL
FROM (
  SELECT h.id, h.grid_version_id, h.compound_id, CASE WHEN h.class_code = ANY (CAST(:folded AS text[]))
    THEN default_class(h.kind) ELSE h.class_code END,
  h.kind,
    CASE WHEN CAST(:as_of AS timestamptz) IS NULL THEN h.excluded ELSE (
      SELECT x.reason FROM household_exclusion x
      WHERE x.household_id = h.id AND x.confirmed_at <= :as_of AND (x.ended_at IS NULL OR x.ended_at > :as_of)
      ORDER BY x.confirmed_at DESC LIMIT 1
    ) END AS excluded
  FROM household h
  WHERE h.registered_at <= coalesce(CAST(:as_of AS timestamptz), 'infinity')
    AND (h.removed_at IS NULL OR h.removed_at > coalesce(CAST(:as_of AS timestamptz), 'infinity'))
    AND NOT EXISTS (SELECT FROM unnest(CAST(:gone_ids AS bigint[])) AS b (id) WHERE b.id = h.id)
    AND (:everywhere OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
) r
