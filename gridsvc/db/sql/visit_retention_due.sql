-- Question: of how many visits that came in before an instant are the words still there?
-- Parameters: :before (instant)
-- Columns: one number
-- Index: none: the owner's job reads all visits
SELECT count(*) FROM visit v
WHERE v.recorded_at < CAST(:before AS timestamptz) AND (v.needs IS NOT NULL OR v.answers IS NOT NULL)
