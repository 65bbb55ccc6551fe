-- Question: none; ends the current placement of each shifted report
-- Parameters: :now (instant)
-- Columns: none
-- Index: placement_current_key
UPDATE placement p SET to_at = greatest(:now, p.from_at) FROM shifted s WHERE p.report_id = s.id AND p.to_at IS NULL
