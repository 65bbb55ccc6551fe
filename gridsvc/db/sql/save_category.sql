-- Question: none; adds a category or renames the one with this code
-- Parameters: :code, :name_zh, :name_en
-- Columns: key, is_new; no row where nothing changed
-- Index: category_pkey
INSERT INTO category (code, name_zh, name_en) VALUES (:code, :name_zh, :name_en)
ON CONFLICT (code) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en
WHERE (category.name_zh, category.name_en) IS DISTINCT FROM (excluded.name_zh, excluded.name_en)
RETURNING code AS key, xmax = 0 AS is_new
