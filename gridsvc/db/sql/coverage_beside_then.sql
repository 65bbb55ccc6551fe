-- Question: the same as coverage_beside as of an instant: how many doors in a campaign's scope, not on its list, had come on the
--   register or back to it after the list was drawn, and how many of these were visited in a window?
-- Parameters: :campaign_id, :drawn_at (the campaign's: a plan made for it knows how few came later),
--   :starts_at, :ends_at (instants), :modes (text[]: of the campaign then), :as_of (instant),
--   :gone_ids (bigint[]: the doors that coverage_gone tells of then),
--   :class_code, :kind (text or null: only these doors),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees,
--   :folded (text[]: classes that this reader takes for the default one of the kind)
-- Columns: added, outside; one row
-- Index: household_registered_at_idx, household_log_restored_idx, campaign_door_pkey, visit_household_id_happened_at_idx
-- A door is what it was: door_then says so. A file of its own, so that now asks for nothing of it.
SELECT count(*) AS added, count(*) FILTER (WHERE EXISTS (
    SELECT FROM effective_visits(CAST(:as_of AS timestamptz)) v
    WHERE v.household_id = h.id AND v.mode = ANY (CAST(:modes AS text[])) AND v.happened_at >= :starts_at AND v.happened_at < :ends_at
  )) AS outside
FROM campaign c
JOIN (
  SELECT h.id, h.registered_at, h.removed_at, coalesce(w.class_code, h.class_code) AS class_code,
    coalesce(w.kind, h.kind) AS kind, CASE WHEN w.id IS NULL THEN h.grid_version_id ELSE w.grid_version_id END AS grid_version_id
  FROM household h LEFT JOIN door_then w ON w.id = h.id
) h ON h.id IN (
    SELECT n.id FROM household n WHERE n.registered_at > CAST(:drawn_at AS timestamptz)
    UNION
    SELECT l.household_id FROM household_log l
    WHERE l.action IN ('restored', 'returned') AND l.at > CAST(:drawn_at AS timestamptz)
      AND l.at <= CAST(:as_of AS timestamptz)
  )
WHERE c.id = :campaign_id
  AND h.registered_at <= CAST(:as_of AS timestamptz)
  AND (h.removed_at IS NULL OR h.removed_at > CAST(:as_of AS timestamptz))
  AND NOT EXISTS (SELECT FROM unnest(CAST(:gone_ids AS bigint[])) AS b (id) WHERE b.id = h.id)
  AND h.kind = ANY (c.kinds)
  AND (c.class_codes IS NULL
    OR CASE WHEN h.class_code IN (SELECT code FROM household_class WHERE sensitive)
      THEN default_class(h.kind) ELSE h.class_code END = ANY (c.class_codes))
  AND (c.area_ids = '{}' OR h.grid_version_id IN (SELECT seen_grids(c.area_ids, NULL)))
  AND h.id NOT IN (SELECT d.household_id FROM listed_doors(:campaign_id, :as_of) d)
  AND (CAST(:class_code AS text) IS NULL OR CASE WHEN h.class_code = ANY (CAST(:folded AS text[]))
      THEN default_class(h.kind) ELSE h.class_code END
    = CAST(:class_code AS text))
  AND (CAST(:kind AS text) IS NULL OR h.kind = CAST(:kind AS text))
  AND (:all_areas OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
