-- Question: none; puts the doors that a campaign asks for on its list, each as the visits of the campaign's days say
-- Parameters: :campaign_id
-- Columns: none
-- Index: campaign_pkey, household_grid_version_id_idx, visit_happened_at_idx
-- A door of a sensitive class comes with the default class of its kind, else its absence would tell it.
-- A door in no grid lies in no area: it is on the list of a campaign that is everywhere only.
INSERT INTO campaign_door (campaign_id, household_id, targeted, status, n_visits, n_reached, n_met, most_met, reached_at)
SELECT c.id, h.id, h.excluded IS NULL, coalesce(s.status, 'not_visited'), coalesce(s.n_visits, 0),
  coalesce(s.n_reached, 0), coalesce(s.n_met, 0), coalesce(s.most_met, 0), s.reached_at
FROM campaign c
JOIN household h ON h.kind = ANY (c.kinds)
  AND (c.class_codes IS NULL
    OR CASE WHEN h.class_code IN (SELECT code FROM household_class WHERE sensitive)
      THEN default_class(h.kind) ELSE h.class_code END = ANY (c.class_codes))
LEFT JOIN (
  SELECT d.* FROM campaign o CROSS JOIN LATERAL door_status(o.starts_at, o.ends_at, o.modes, 'infinity') d
  WHERE o.id = :campaign_id
) s ON s.household_id = h.id
WHERE c.id = :campaign_id AND h.removed_at IS NULL
  AND (c.area_ids = '{}' OR h.grid_version_id IN (SELECT seen_grids(c.area_ids, NULL)))
