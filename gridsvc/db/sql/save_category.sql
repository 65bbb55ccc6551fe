-- Question: none; adds a category, or renames, moves or revives the one with this code in the same taxonomy
-- Parameters: :code, :name_zh, :name_en, :taxonomy, :kind ('part', 'event' or null), :parent_code (or null), :active;
--   :dup_radius_m (metres), :dup_days, each null where what is stored stays
-- Columns: key, is_new; no row where nothing changed
-- Index: category_pkey
INSERT INTO category (code, name_zh, name_en, taxonomy, kind, parent_code, active, dup_radius_m, dup_days)
VALUES (:code, :name_zh, :name_en, :taxonomy, CAST(:kind AS text), CAST(:parent_code AS text), :active,
  CAST(:dup_radius_m AS float8), CAST(:dup_days AS integer))
ON CONFLICT (code) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en, kind = excluded.kind,
    parent_code = excluded.parent_code, active = excluded.active,
    dup_radius_m = coalesce(excluded.dup_radius_m, category.dup_radius_m),
    dup_days = coalesce(excluded.dup_days, category.dup_days),
    initials = CASE WHEN category.name_zh = excluded.name_zh THEN category.initials END
WHERE category.taxonomy = excluded.taxonomy
  AND (category.name_zh, category.name_en, category.kind, category.parent_code, category.active,
      category.dup_radius_m, category.dup_days)
      IS DISTINCT FROM (excluded.name_zh, excluded.name_en, excluded.kind, excluded.parent_code, excluded.active,
      coalesce(excluded.dup_radius_m, category.dup_radius_m), coalesce(excluded.dup_days, category.dup_days))
RETURNING code AS key, xmax = 0 AS is_new
