-- Question: which years from a first one on are known, and which days of their arrangements are off or worked?
-- Parameters: :first_year (null: all)
-- Columns: year, days (dates in order), works (for each of them)
-- Index: calendar_day_pkey; some thirty rows a year
SELECT y.year,
       coalesce(array_agg(d.day ORDER BY d.day) FILTER (WHERE d.day IS NOT NULL), '{}') AS days,
       coalesce(array_agg(d.works ORDER BY d.day) FILTER (WHERE d.day IS NOT NULL), '{}') AS works
FROM calendar_year AS y
LEFT JOIN calendar_day AS d ON d.year = y.year
WHERE y.year >= coalesce(CAST(:first_year AS INTEGER), y.year)
GROUP BY y.year
ORDER BY y.year
