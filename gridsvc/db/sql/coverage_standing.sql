-- Question: how many doors of the temporary table covered_door are there, by place or class, whatever was visited?
-- Parameters: :by_grid, :by_compound, :by_community, :by_subdistrict, :by_class (bool: what the rows are about),
--   :class_code, :kind (text or null: only these doors),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: grid_version_id, compound_id, community_id, subdistrict_id,
--   class_code (each null where not asked for, or in none);
--   grid_code, grid_name, layer, compound_code, compound_name, community_code, community_name, subdistrict_code,
--   subdistrict_name, class_zh, class_en; enumerated, targeted, eligible, removed
-- Index: none
WITH s AS (
  SELECT CASE WHEN :by_grid THEN d.grid_version_id END AS grid_version_id,
    CASE WHEN :by_compound THEN d.compound_id END AS compound_id,
    co.id AS community_id, su.id AS subdistrict_id,
    CASE WHEN :by_class THEN d.class_code END AS class_code,
    count(*) AS enumerated, count(*) FILTER (WHERE d.targeted) AS targeted,
    count(*) FILTER (WHERE d.excluded IS NULL) AS eligible, count(d.removed_at) AS removed
  FROM covered_door d
  LEFT JOIN (SELECT id, area_id FROM grid_version WHERE :by_community OR :by_subdistrict) g ON g.id = d.grid_version_id
  LEFT JOIN (SELECT * FROM areas_above('community') WHERE :by_community) co ON co.below_id = g.area_id
  LEFT JOIN (SELECT * FROM areas_above('subdistrict') WHERE :by_subdistrict) su ON su.below_id = g.area_id
  WHERE (CAST(:class_code AS text) IS NULL OR d.class_code = CAST(:class_code AS text))
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
  s.enumerated, s.targeted, s.eligible, s.removed
FROM s
LEFT JOIN grid_version g ON g.id = s.grid_version_id
LEFT JOIN compound k ON k.id = s.compound_id
LEFT JOIN area co ON co.id = s.community_id
LEFT JOIN area su ON su.id = s.subdistrict_id
LEFT JOIN household_class c ON c.code = s.class_code
