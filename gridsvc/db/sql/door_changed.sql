-- Question: which stored doors do the staged ones change?
-- Parameters: none
-- Columns: known_id, in order
-- Index: none
SELECT known_id FROM door_found WHERE known_id IS NOT NULL AND NOT same ORDER BY known_id
