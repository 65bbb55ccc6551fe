-- Question: none; takes out the staged doors whose compound was not found, and those without any place
-- Parameters: none
-- Columns: none; adds to door_refused
-- Index: none
WITH gone AS (
  DELETE FROM door_found f WHERE f.reason IS NOT NULL OR (f.lon IS NULL AND f.known_id IS NULL) RETURNING f.row, f.reason, f.said
)
INSERT INTO door_refused (row, code, facts) SELECT row, coalesce(reason, 'door_place_missing'), jsonb_build_object('found', left(said, 60)) FROM gone
