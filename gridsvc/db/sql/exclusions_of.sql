-- Question: when was a door left out of the denominator, or declined to be, by whom, and on what paper?
-- Parameters: :household_id
-- Columns: reason, claimed_at, claimed_by (a name, or null), confirmed_at, confirmed_by (a name), document (null: none; empty: its
--   words are gone by their time), ended_at, ended_by (a name, or null); newest first
-- Index: household_exclusion_household_id_idx
SELECT x.reason, x.claimed_at, c.name AS claimed_by, x.confirmed_at, y.name AS confirmed_by, x.document, x.ended_at, e.name AS ended_by
FROM household_exclusion x
JOIN account y ON y.id = x.confirmed_by
LEFT JOIN account c ON c.id = x.claimed_by
LEFT JOIN account e ON e.id = x.ended_by
WHERE x.household_id = :household_id
ORDER BY x.confirmed_at DESC, x.id DESC
LIMIT 100
