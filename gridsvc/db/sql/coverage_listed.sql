-- Question: none; puts the doors on a campaign's list into covered_door, as they were at an instant
-- Parameters: :campaign_id, :as_of (instant or null: now),
--   :gone_ids (bigint[]), :gone_at (timestamptz[]): what coverage_gone tells of then, nothing for now,
--   :everywhere (bool: the doors of all grids; else those below),
--   :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees,
--   :folded (text[]: classes that this reader takes for the default one of the kind)
-- Columns: none
-- Index: campaign_door_pkey, household_exclusion_household_id_idx
-- What is kept with its instants is as of then: exclusions, removals. Classes, compounds and grids are those of now.
INSERT INTO covered_door (id, grid_version_id, compound_id, class_code, kind, targeted, excluded, removed_at)
SELECT h.id, h.grid_version_id, h.compound_id, CASE WHEN h.class_code = ANY (CAST(:folded AS text[]))
    THEN default_class(h.kind) ELSE h.class_code END,
  h.kind, d.targeted,
  CASE WHEN CAST(:as_of AS timestamptz) IS NULL THEN h.excluded ELSE (
    SELECT x.reason FROM household_exclusion x
    WHERE x.household_id = h.id AND x.confirmed_at <= :as_of AND (x.ended_at IS NULL OR x.ended_at > :as_of)
    ORDER BY x.confirmed_at DESC LIMIT 1
  ) END,
  CASE WHEN h.removed_at <= coalesce(CAST(:as_of AS timestamptz), 'infinity') THEN h.removed_at ELSE g.removed_at END
FROM listed_doors(:campaign_id, :as_of) d
JOIN household h ON h.id = d.household_id
LEFT JOIN unnest(CAST(:gone_ids AS bigint[]), CAST(:gone_at AS timestamptz[])) g (id, removed_at) ON g.id = h.id
WHERE (:everywhere OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
