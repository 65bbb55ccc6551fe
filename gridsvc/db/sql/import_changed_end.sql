-- Question: none; ends the placement of each changed report that belongs elsewhere now; the others are not moved
-- Parameters: :now (instant)
-- Columns: none
-- Index: placement_current_key
WITH elsewhere AS (
  UPDATE placement p SET to_at = greatest(CAST(:now AS timestamptz), p.from_at)
  FROM import_changed c JOIN import_found f ON f.id = c.id
  WHERE c.moved AND p.report_id = c.id AND p.to_at IS NULL
    AND (p.grid_version_id, p.method, p.distance_m, p.reason)
      IS DISTINCT FROM (f.grid_version_id, f.method, f.distance_m, f.reason)
  RETURNING p.report_id
)
UPDATE import_changed c SET moved = c.id IN (SELECT report_id FROM elsewhere)
