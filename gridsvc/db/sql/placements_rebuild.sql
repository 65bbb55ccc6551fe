-- Question: how are the indexes and keys of placement and report_log taken away and made again?
-- Parameters: none
-- Columns: place (order of making; taking away goes the other way), drop, make: statements, by_id (checked by joining many
--   reports with many: best in the order of their ids). Keys that point to account
--   stay: what is written here has no account, and logins need not wait. The indexes of unplaced and doubtful reports stay:
--   few come into them.
-- Index: none
WITH mine AS (
  SELECT unnest(ARRAY['placement', 'report_log']::regclass[]) AS oid
)
SELECT CASE c.contype WHEN 'f' THEN 3 ELSE 1 END AS place,
  format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS drop,
  format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) AS make,
  c.contype = 'f' AND c.confrelid = 'report'::regclass AS by_id
FROM pg_constraint c
WHERE c.contype IN ('p', 'u', 'f') AND (c.conrelid IN (SELECT oid FROM mine) OR c.confrelid IN (SELECT oid FROM mine))
  AND c.confrelid <> 'account'::regclass
UNION ALL
SELECT 2, format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid), false
FROM pg_index i
WHERE i.indrelid IN (SELECT oid FROM mine) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
  AND coalesce(pg_get_expr(i.indpred, i.indrelid), '') !~ '[(]grid_version_id IS NULL[)]|[(]confidence < '
ORDER BY place, make
