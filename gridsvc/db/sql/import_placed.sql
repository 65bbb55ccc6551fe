-- Question: how many rows of the file are placed by which method, or are not for which reason?
-- Parameters: none
-- Columns: method (covers|nearest|compound|none), reason (where none), n
-- Index: none
WITH by_compound AS (
  SELECT p.method, count(*) AS n
  FROM import_row i JOIN placed p ON p.id = i.id
  WHERE i.lon IS NULL AND i.place_lon IS NOT NULL
  GROUP BY p.method
)
SELECT p.method, NULL AS reason, count(*) - coalesce(max(b.n), 0) AS n
FROM placed p LEFT JOIN by_compound b ON b.method = p.method
GROUP BY p.method
UNION ALL SELECT 'compound', NULL, sum(n)::bigint FROM by_compound HAVING count(*) > 0
UNION ALL SELECT 'none', u.reason, count(*) FROM import_unplaced u GROUP BY u.reason
ORDER BY 1, 2
