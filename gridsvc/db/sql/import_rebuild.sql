-- Question: how are the indexes and keys of some tables taken away and made again?
-- Parameters: :tables (text[]), :all_open (boolean: no report comes that is closed or void)
-- Columns: place (order of making; taking away goes the other way), drop, make: statements, by_id (checked by joining many
--   rows with many: best in the order of their ids)
-- Index: none
-- Indexes that few rows or none come into stay: those of rows where a column is not null, for most imports fill none of these
-- columns; those of unplaced reports; those of doubtful ones, which become so afterwards; those of struck off ones and of words
-- too long for an index; those of ended ones where none comes.
WITH mine AS (
  SELECT unnest(CAST(CAST(:tables AS text[]) AS regclass[])) AS oid
)
SELECT CASE c.contype WHEN 'f' THEN 3 ELSE 1 END AS place,
  format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS drop,
  format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) AS make,
  c.contype = 'f' AND c.confrelid IN (SELECT oid FROM mine) AS by_id
FROM pg_constraint c
WHERE c.contype IN ('p', 'u', 'f') AND (c.conrelid IN (SELECT oid FROM mine)
  OR c.confrelid IN (SELECT oid FROM mine))
UNION ALL
SELECT 2, format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid), false
FROM pg_index i
WHERE i.indrelid IN (SELECT oid FROM mine) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
  AND coalesce(pg_get_expr(i.indpred, i.indrelid), '')
    !~ ('[(][a-z_]+ IS NOT NULL[)]+$|[(]grid_version_id IS NULL[)]|[(]confidence < |[(]said IS NULL[)]|state = ''struck_off'''
      || CASE WHEN :all_open THEN '|''closed''|ended IS NOT NULL' ELSE '' END)
ORDER BY place, make
