-- Question: is there a report with this id? Held against other writers until the transaction ends
-- Parameters: :report_id
-- Columns: id; one row or none
-- Index: report_pkey
SELECT r.id FROM report r WHERE r.id = CAST(:report_id AS bigint) FOR UPDATE
