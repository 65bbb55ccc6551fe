-- Question: which visits at one entry of a door came there from another entry, or correct one that did?
-- Parameters: :from_id (the entry they were at), :to_id (the entry they are at), :at (instant: when they came)
-- Columns: id
-- Index: visit_household_id_happened_at_idx, visit_supersedes_id_key
WITH RECURSIVE came AS (
  SELECT c.id, c.household_id
  FROM visit v JOIN visit c ON c.supersedes_id = v.id AND c.carried
  WHERE v.household_id = :from_id AND c.household_id = :to_id AND c.recorded_at = CAST(:at AS timestamptz)
  UNION
  SELECT s.id, s.household_id FROM came c JOIN visit s ON s.supersedes_id = c.id
)
SELECT c.id FROM came c WHERE c.household_id = :to_id ORDER BY c.id
