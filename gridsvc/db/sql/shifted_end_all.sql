-- Question: none; ends the current placement of each shifted report, found where shifted_find_all saw it
-- Parameters: :now (instant)
-- Columns: none
-- Index: none (while nobody else writes, a row stays where it is)
UPDATE placement p SET to_at = greatest(:now, p.from_at) FROM shifted s WHERE p.ctid = s.tid
