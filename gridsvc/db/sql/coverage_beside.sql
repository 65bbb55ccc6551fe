-- Question: how many doors in a campaign's scope, not on its list, came on the register or came back to it after the list was
--   drawn, and how many of these were visited in a window?
-- Parameters: :campaign_id, :drawn_at (the campaign's: a plan made for it knows how few came later),
--   :starts_at, :ends_at (instants),
--   :class_code, :kind (text or null: only these doors),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees,
--   :folded (text[]: classes that this reader takes for the default one of the kind)
-- Columns: added, outside; one row
-- Index: household_registered_at_idx, household_log_restored_idx, campaign_door_pkey, visit_household_id_happened_at_idx
SELECT count(*) AS added, count(*) FILTER (WHERE EXISTS (
    SELECT FROM effective_visits('infinity') v
    WHERE v.household_id = h.id AND v.mode = ANY (c.modes) AND v.happened_at >= :starts_at AND v.happened_at < :ends_at
  )) AS outside
FROM campaign c
JOIN household h ON h.id IN (
    SELECT n.id FROM household n WHERE n.registered_at > CAST(:drawn_at AS timestamptz)
    UNION
    SELECT l.household_id FROM household_log l
    WHERE l.action IN ('restored', 'returned') AND l.at > CAST(:drawn_at AS timestamptz)
  )
WHERE c.id = :campaign_id
  AND h.removed_at IS NULL
  AND h.kind = ANY (c.kinds)
  AND (c.class_codes IS NULL
    OR CASE WHEN h.class_code IN (SELECT code FROM household_class WHERE sensitive)
      THEN default_class(h.kind) ELSE h.class_code END = ANY (c.class_codes))
  AND (c.area_ids = '{}' OR h.grid_version_id IN (SELECT seen_grids(c.area_ids, NULL)))
  AND NOT EXISTS (SELECT FROM campaign_door d WHERE d.campaign_id = c.id AND d.household_id = h.id)
  AND (CAST(:class_code AS text) IS NULL OR CASE WHEN h.class_code = ANY (CAST(:folded AS text[]))
      THEN default_class(h.kind) ELSE h.class_code END
    = CAST(:class_code AS text))
  AND (CAST(:kind AS text) IS NULL OR h.kind = CAST(:kind AS text))
  AND (:all_areas OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
