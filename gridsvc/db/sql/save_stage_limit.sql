-- Question: none; says how long a stage may last, for a category or (null) for all others
-- Parameters: :key (returned as it is), :stage (dispatch|accept|dispose|check), :category (code or null), :amount, :unit
-- Columns: key, is_new; no row where nothing changed
-- Index: stage_limit_stage_category_key
INSERT INTO stage_limit (stage, category, amount, unit)
VALUES (:stage, CAST(:category AS text), :amount, :unit)
ON CONFLICT ON CONSTRAINT stage_limit_stage_category_key DO UPDATE SET amount = excluded.amount, unit = excluded.unit
WHERE (stage_limit.amount, stage_limit.unit) IS DISTINCT FROM (excluded.amount, excluded.unit)
RETURNING CAST(:key AS text) AS key, xmax = 0 AS is_new
