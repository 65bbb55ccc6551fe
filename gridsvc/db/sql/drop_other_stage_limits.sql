-- Question: which limits of stages does the new list not have? They go.
-- Parameters: :keys (text[]: stage|category of those that stay, the second part empty for the general ones)
-- Columns: id
-- Index: stage_limit_stage_category_key
DELETE FROM stage_limit s
WHERE s.stage || '|' || coalesce(s.category, '') <> ALL (CAST(:keys AS text[]))
RETURNING s.id
