-- Question: what is there in the staged rows as a whole?
-- Parameters: none
-- Columns: n_new, n_changed, n_same; west, south, east, north (degrees; null without any position); accurate (some row states
--   an accuracy), all_open (no new row is closed or void)
-- Index: none
SELECT count(*) FILTER (WHERE known_id IS NULL) AS n_new, count(*) FILTER (WHERE NOT same) AS n_changed,
  count(*) FILTER (WHERE same) AS n_same, min(lon) AS west, min(lat) AS south, max(lon) AS east, max(lat) AS north,
  coalesce(bool_or(accuracy_m > 0), false) AS accurate,
  coalesce(bool_and(state = 'reported') FILTER (WHERE known_id IS NULL), true) AS all_open
FROM import_row
