-- Question: none; adds a worker or changes the one with this code
-- Parameters: :code, :name
-- Columns: key, is_new; no row where nothing changed
-- Index: worker_code_key
INSERT INTO worker (code, name) VALUES (:code, :name)
ON CONFLICT (code) DO UPDATE SET name = excluded.name WHERE worker.name <> excluded.name
RETURNING code AS key, xmax = 0 AS is_new
