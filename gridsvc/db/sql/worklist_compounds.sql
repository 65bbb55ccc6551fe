-- Question: which compounds may somebody mean who searches for these words?
-- Parameters: :key (names.name_key of the words), :letters (the same where it is letters and digits only, else empty)
-- Columns: id
-- Index: none (compound_name is small: a few rows a compound)
SELECT DISTINCT n.compound_id
FROM compound_name n
WHERE CAST(:key AS text) <> '' AND (position(CAST(:key AS text) IN n.key) > 0
  OR (CAST(:letters AS text) <> '' AND position(' ' || CAST(:letters AS text) IN ' ' || n.initials) > 0))
ORDER BY n.compound_id
LIMIT 500
