-- Question: which category of one taxonomy does each category count as? Its own map, else that of the class above it
-- Parameters: :taxonomy, :code (null: every category)
-- Columns: code, to_code; no row for a category that counts as none
-- Index: category_pkey, category_map_pkey
WITH RECURSIVE up (code, above, n) AS (
    SELECT c.code, c.code, 0 FROM category c WHERE CAST(:code AS text) IS NULL OR c.code = CAST(:code AS text)
    UNION ALL
    SELECT up.code, c.parent_code, up.n + 1
    FROM up JOIN category c ON c.code = up.above
    WHERE c.parent_code IS NOT NULL AND up.n < 8
)
SELECT DISTINCT ON (up.code) up.code, coalesce(m.to_code, up.above) AS to_code
FROM up
LEFT JOIN category own ON own.code = up.above AND own.taxonomy = :taxonomy AND up.n = 0
LEFT JOIN category_map m ON m.from_code = up.above AND m.to_taxonomy = :taxonomy
WHERE own.code IS NOT NULL OR m.to_code IS NOT NULL
ORDER BY up.code, up.n
