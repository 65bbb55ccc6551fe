-- Question: which report has this number? Held against other writers until the transaction ends
-- Parameters: :number, :source
-- Columns: id; the first where an import let a number recur, no row where there is none
-- Index: report_source_number_repeat_key
SELECT r.id FROM report r
WHERE r.source = :source AND r.number = :number
ORDER BY r.repeat
LIMIT 1
FOR UPDATE
