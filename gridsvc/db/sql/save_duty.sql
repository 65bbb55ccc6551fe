-- Question: none; adds a worker's duty in a grid or changes its hours
-- Parameters: :key (returned as it is), :worker_code, :layer, :grid_code, :kind (main|deputy), :weekdays (smallint[] or null),
--   :starts, :ends (time or null)
-- Columns: key, is_new; no row where nothing changed
-- Index: duty_grid_code_layer_worker_id_kind_key
INSERT INTO duty (worker_id, layer, grid_code, kind, weekdays, starts, ends)
SELECT w.id, :layer, :grid_code, :kind, CAST(:weekdays AS smallint[]), CAST(:starts AS time), CAST(:ends AS time)
FROM worker w WHERE w.code = :worker_code
ON CONFLICT (grid_code, layer, worker_id, kind) DO UPDATE
SET weekdays = excluded.weekdays, starts = excluded.starts, ends = excluded.ends
WHERE (duty.weekdays, duty.starts, duty.ends) IS DISTINCT FROM (excluded.weekdays, excluded.starts, excluded.ends)
RETURNING CAST(:key AS text) AS key, xmax = 0 AS is_new
