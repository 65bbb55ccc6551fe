-- Question: of how many stored reports would a file change the category, and of how many the time of receipt?
-- Parameters: none
-- Columns: n_category, n_received; one row
-- Index: report_pkey
SELECT count(*) FILTER (WHERE r.category <> coalesce(i.category, 'unclassified')) AS n_category,
  count(*) FILTER (WHERE r.received_at <> i.received_at) AS n_received
FROM import_row i JOIN report r ON r.id = i.known_id
WHERE NOT i.same
