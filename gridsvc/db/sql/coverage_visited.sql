-- Question: how did the doors of the temporary table covered_door stand that were visited in each of several spans?
-- Parameters: :begins, :ends (timestamptz[]: the spans, ends excluded), :modes (text[]), :n_times,
--   :as_of (instant or null: now),
--   :by_grid, :by_compound, :by_community, :by_subdistrict, :by_class (bool: what the rows are about),
--   :class_code, :kind (text or null: only these doors),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: grid_version_id, compound_id, community_id, subdistrict_id, class_code (each null where not asked for, or in none),
--   nr (which span, from 1); n_doors (visited); the other counts of rules.coverage.COUNTS that visits decide
-- Index: visit_happened_at_idx
SELECT CASE WHEN :by_grid THEN d.grid_version_id END AS grid_version_id,
  CASE WHEN :by_compound THEN d.compound_id END AS compound_id,
  co.id AS community_id, su.id AS subdistrict_id,
  CASE WHEN :by_class THEN d.class_code END AS class_code,
  t.nr, count(*) AS n_doors,
  sum(n.attempted) AS attempted, sum(n.found) AS found, sum(n.reached) AS reached,
  sum(n.reached_enumerated) AS reached_enumerated, sum(n.completed) AS completed, sum(n.absent) AS absent,
  sum(n.refused) AS refused, sum(n.vacant) AS vacant, sum(n.moved) AS moved, sum(n.not_found) AS not_found,
  sum(n.not_eligible) AS not_eligible, sum(n.n_visits) AS n_visits, sum(n.n_met) AS n_met,
  sum(n.most_met) AS most_met
FROM unnest(CAST(:begins AS timestamptz[]), CAST(:ends AS timestamptz[])) WITH ORDINALITY t (begins, ends, nr)
CROSS JOIN LATERAL door_status(t.begins, t.ends, CAST(:modes AS text[]),
  coalesce(CAST(:as_of AS timestamptz), 'infinity')) v
JOIN covered_door d ON d.id = v.household_id
LEFT JOIN (SELECT id, area_id FROM grid_version WHERE :by_community OR :by_subdistrict) g ON g.id = d.grid_version_id
LEFT JOIN (SELECT * FROM areas_above('community') WHERE :by_community) co ON co.below_id = g.area_id
LEFT JOIN (SELECT * FROM areas_above('subdistrict') WHERE :by_subdistrict) su ON su.below_id = g.area_id
CROSS JOIN LATERAL door_counts(d.targeted, d.excluded, d.removed_at, v.status, v.n_visits, v.n_reached, v.n_met,
  v.most_met, :n_times) n
WHERE (CAST(:class_code AS text) IS NULL OR d.class_code = CAST(:class_code AS text))
  AND (CAST(:kind AS text) IS NULL OR d.kind = CAST(:kind AS text))
  AND (:all_areas
    OR d.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
GROUP BY 1, 2, 3, 4, 5, t.nr
