-- Question: none; keeps others from the counts of campaigns until this transaction ends
-- Parameters: :alone (bool: nobody else counts; else others may count other doors beside)
-- Columns: held; one row
-- Index: none
SELECT CASE WHEN :alone
  THEN pg_advisory_xact_lock(hashtext('gridsvc.visited'), hashtext(current_schema()))
  ELSE pg_advisory_xact_lock_shared(hashtext('gridsvc.visited'), hashtext(current_schema()))
END AS held
