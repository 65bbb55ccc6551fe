-- Question: how many rows of the file are placed by which method, or are not for which reason?
-- Parameters: none
-- Columns: method (covers|nearest|compound|none), reason (where none), n
-- Index: none
SELECT method, reason, count(*) AS n FROM import_found GROUP BY method, reason ORDER BY method, reason
