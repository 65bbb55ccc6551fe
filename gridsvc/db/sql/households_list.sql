-- Question: which doors does this reader find, and what is known of them?
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees,
--   :id (bigint or null: this one, removed or not), :grid (code or null), :compound_id (bigint or null), :kind (or null),
--   :class_code (or null), :due_by (day or null: due then or before), :excluded (bool or null), :removed (bool),
--   :folded (text[]: classes that this reader takes for the default one of the kind), :today (day), :zone (name: days are its days), :name (part of a shop's name, lower case; '' for no search),
--   :compound_ids (bigint[] or null: of the words before the levels), :building, :unit, :room (无: any), :after (id), :n (rows)
-- Columns: as the fields of household_reading.Row, by id
-- Index: household_same_as_id_idx, household_grid_version_id_idx, household_key, household_pkey
-- The next visit is due a cycle after the last that reached somebody, else after the registration; at once where that is unknown.
SELECT h.id, h.kind, h.compound_id, k.name AS compound, h.building, h.unit, h.room, h.name, c.code AS class_code,
  c.name_zh AS class_zh, c.name_en AS class_en, h.n_people, h.registered_elsewhere, h.contact_name,
  h.contact_phone, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat, h.position_source, g.code AS grid_code, g.name AS grid_name,
  g.layer AS grid_layer, a.code AS community_code, a.name AS community_name, h.source,
  nullif(h.registered_at, '-infinity') AS registered_at, h.removed_at, h.same_as_id, h.reached_at, h.excluded, d.due_on
FROM household h
JOIN household_class c ON c.code = CASE WHEN h.class_code = ANY (CAST(:folded AS text[]))
  THEN default_class(h.kind) ELSE h.class_code END
CROSS JOIN LATERAL (
  SELECT CASE WHEN h.removed_at IS NULL AND h.excluded IS NULL THEN coalesce(
    CAST(coalesce(h.reached_at, nullif(h.registered_at, '-infinity')) AT TIME ZONE :zone AS date) + c.cycle_days,
    CASE WHEN c.cycle_days IS NOT NULL THEN CAST(:today AS date) END) END AS due_on
) d
LEFT JOIN compound k ON k.id = h.compound_id
LEFT JOIN grid_version g ON g.id = h.grid_version_id
LEFT JOIN area a ON a.id = h.community_id
WHERE h.id > :after
  AND (:all_areas OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
  AND CASE WHEN CAST(:id AS bigint) IS NULL THEN (h.removed_at IS NOT NULL) = :removed ELSE h.id = :id END
  AND (CAST(:grid AS text) IS NULL OR h.grid_version_id IN (
    SELECT v.id FROM grid_version v WHERE v.code = :grid AND v.valid_from IS NOT NULL AND v.valid_to IS NULL))
  AND (CAST(:compound_id AS bigint) IS NULL OR h.compound_id = :compound_id)
  AND (CAST(:kind AS text) IS NULL OR h.kind = :kind)
  AND (CAST(:class_code AS text) IS NULL OR c.code = :class_code)
  AND (CAST(:excluded AS boolean) IS NULL OR (h.excluded IS NOT NULL) = :excluded)
  AND (CAST(:due_by AS date) IS NULL OR d.due_on <= :due_by)
  AND (:name = '' OR strpos(lower(coalesce(h.name, '')), :name) > 0
    OR ((CAST(:compound_ids AS bigint[]) IS NULL OR h.compound_id = ANY (:compound_ids))
      AND (:building = '无' OR h.building = :building OR (:unit = '无' AND :room = '无' AND h.room = :building))
      AND (:unit = '无' OR h.unit = :unit) AND (:room = '无' OR h.room = :room))
    -- by the levels of an entry that was the same door
    OR h.id IN (SELECT o.same_as_id FROM household o
      WHERE o.same_as_id IS NOT NULL AND (CAST(:compound_ids AS bigint[]) IS NULL OR o.compound_id = ANY (:compound_ids))
        AND (:building = '无' OR o.building = :building OR (:unit = '无' AND :room = '无' AND o.room = :building))
        AND (:unit = '无' OR o.unit = :unit) AND (:room = '无' OR o.room = :room)))
ORDER BY h.id
LIMIT :n
