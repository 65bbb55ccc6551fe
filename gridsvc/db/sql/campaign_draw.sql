-- Question: none; puts the doors that a campaign asks for on its list
-- Parameters: :campaign_id
-- Columns: none
-- Index: campaign_pkey, household_grid_version_id_idx
-- A door of a sensitive class comes with the default class of its kind, else its absence would tell it.
-- A door in no grid lies in no area: it is on the list of a campaign that is everywhere only.
INSERT INTO campaign_door (campaign_id, household_id, targeted)
SELECT c.id, h.id, h.excluded IS NULL
FROM campaign c
JOIN household h ON h.kind = ANY (c.kinds)
  AND (c.class_codes IS NULL
    OR CASE WHEN h.class_code IN (SELECT code FROM household_class WHERE sensitive)
      THEN default_class(h.kind) ELSE h.class_code END = ANY (c.class_codes))
WHERE c.id = :campaign_id AND h.removed_at IS NULL
  AND (c.area_ids = '{}' OR h.grid_version_id IN (SELECT seen_grids(c.area_ids, NULL)))
