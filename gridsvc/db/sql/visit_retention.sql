-- Question: none; blanks what was said at doors on visits that came in long ago, and records each deletion
-- Parameters: :before (instant: recorded before it; what was only carried to another entry
--   of its door, happened before it), :batch (uuid), :now (instant), :rule (words)
-- Columns: n_visits; one row
-- Index: none: the owner's job reads all visits
WITH gone AS (
  UPDATE visit v SET needs = NULL, answers = NULL,
    digest = NULL  -- it covers the words, so they could be guessed from it
  WHERE CASE WHEN v.carried THEN v.happened_at ELSE v.recorded_at END < CAST(:before AS timestamptz) AND (v.needs IS NOT NULL OR v.answers IS NOT NULL)
  RETURNING v.id, v.household_id
),
recorded AS (
  INSERT INTO deletion_record (at, batch, household_id, what, rule)
  SELECT CAST(:now AS timestamptz), CAST(:batch AS uuid), g.household_id, 'visit', CAST(:rule AS text)
  FROM gone g ORDER BY g.id
)
SELECT count(*) AS n_visits FROM gone
