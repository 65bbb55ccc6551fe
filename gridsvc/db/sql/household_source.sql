-- Question: where do the households of a rate come from: registered doors, else the compounds' stated numbers, else none?
-- Parameters: none
-- Columns: one text: registered|stated|none
-- Index: household_pkey
SELECT CASE
  WHEN EXISTS (SELECT FROM household WHERE kind = 'household' AND removed_at IS NULL) THEN 'registered'
  WHEN EXISTS (SELECT FROM compound WHERE n_households > 0) THEN 'stated'
  ELSE 'none'
END
