-- Question: what does a submission need before it is placed: that the editions stay as they are until it is stored,
--   the next running number, and whether its category is known?
-- Parameters: :category (code)
-- Columns: held (the lock of grids.hold, taken), serial, known; one row
-- Index: category_pkey
SELECT pg_advisory_xact_lock_shared(hashtext('gridsvc.edition'), hashtext(current_schema())) AS held,
  nextval('report_number_seq') AS serial,
  EXISTS (SELECT FROM category c WHERE c.code = :category) AS known
