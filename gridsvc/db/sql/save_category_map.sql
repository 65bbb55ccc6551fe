-- Question: none; says what a category counts as in another taxonomy
-- Parameters: :from_code, :to_taxonomy, :to_code
-- Columns: key (the category), is_new; no row where it was said already
-- Index: category_map_pkey
INSERT INTO category_map (from_code, to_taxonomy, to_code) VALUES (:from_code, :to_taxonomy, :to_code)
ON CONFLICT (from_code, to_taxonomy) DO UPDATE SET to_code = excluded.to_code
WHERE category_map.to_code <> excluded.to_code
RETURNING from_code AS key, xmax = 0 AS is_new
