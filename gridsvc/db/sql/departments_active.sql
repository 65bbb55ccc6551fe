-- Question: which of these departments exist and work?
-- Parameters: :ids (bigint array)
-- Columns: id
-- Index: department_pkey
SELECT d.id FROM department d WHERE d.id = ANY (CAST(:ids AS bigint[])) AND d.active
