-- Question: how far is a campaign, by place or class, from the counts that are kept?
-- Parameters: :campaign_id,
--   :by_grid, :by_compound, :by_community, :by_subdistrict, :by_class (bool: what the rows are about),
--   :class_code, :kind (text or null: only these doors),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees,
--   :folded (text[]: classes that this reader takes for the default one of the kind)
-- Columns: grid_version_id, compound_id, community_id, subdistrict_id,
--   class_code (each null where not asked for, or in none);
--   grid_code, grid_name, layer, compound_code, compound_name, community_code, community_name, subdistrict_code,
--   subdistrict_name, class_zh, class_en; the counts in the order of rules.coverage.COUNTS
-- Index: campaign_cell_key
WITH s AS (
  SELECT CASE WHEN :by_grid THEN d.grid_version_id END AS grid_version_id,
    CASE WHEN :by_compound THEN d.compound_id END AS compound_id,
    co.id AS community_id, su.id AS subdistrict_id,
    CASE WHEN :by_class THEN d.told_code END AS class_code,
    sum(d.enumerated) AS enumerated, sum(d.targeted) AS targeted, sum(d.eligible) AS eligible,
    sum(d.attempted) AS attempted, sum(d.found) AS found, sum(d.reached) AS reached,
    sum(d.reached_enumerated) AS reached_enumerated, sum(d.completed) AS completed, sum(d.absent) AS absent,
    sum(d.refused) AS refused, sum(d.vacant) AS vacant, sum(d.moved) AS moved, sum(d.not_found) AS not_found,
    sum(d.not_eligible) AS not_eligible, sum(d.not_visited) AS not_visited, sum(d.removed) AS removed,
    sum(d.n_visits) AS n_visits, sum(d.n_met) AS n_met, sum(d.most_met) AS most_met
  FROM (SELECT *, CASE WHEN d.class_code = ANY (CAST(:folded AS text[]))
      THEN default_class(d.kind) ELSE d.class_code END AS told_code
    FROM campaign_cell d) d
  LEFT JOIN (SELECT id, area_id FROM grid_version WHERE :by_community OR :by_subdistrict) g ON g.id = d.grid_version_id
  LEFT JOIN (SELECT * FROM areas_above('community') WHERE :by_community) co ON co.below_id = g.area_id
  LEFT JOIN (SELECT * FROM areas_above('subdistrict') WHERE :by_subdistrict) su ON su.below_id = g.area_id
  WHERE d.campaign_id = :campaign_id AND (CAST(:class_code AS text) IS NULL OR d.told_code = CAST(:class_code AS text))
    AND (CAST(:kind AS text) IS NULL OR d.kind = CAST(:kind AS text))
    AND (:all_areas
      OR d.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
  GROUP BY 1, 2, 3, 4, 5
)
SELECT s.grid_version_id, s.compound_id, s.community_id, s.subdistrict_id, s.class_code,
  g.code AS grid_code, g.name AS grid_name, g.layer,
  k.source || ':' || k.ref AS compound_code, k.name AS compound_name,
  co.code AS community_code, co.name AS community_name, su.code AS subdistrict_code, su.name AS subdistrict_name,
  c.name_zh AS class_zh, c.name_en AS class_en,
  s.enumerated, s.targeted, s.eligible, s.attempted, s.found, s.reached, s.reached_enumerated, s.completed, s.absent,
  s.refused, s.vacant, s.moved, s.not_found, s.not_eligible, s.not_visited, s.removed, s.n_visits, s.n_met,
  s.most_met
FROM s
LEFT JOIN grid_version g ON g.id = s.grid_version_id
LEFT JOIN compound k ON k.id = s.compound_id
LEFT JOIN area co ON co.id = s.community_id
LEFT JOIN area su ON su.id = s.subdistrict_id
LEFT JOIN household_class c ON c.code = s.class_code
