-- Question: how long may each stage last, of which category or class?
-- Parameters: none
-- Columns: category (code or the beginning of one; null: all), stage, amount, unit
-- Index: none; a row for each limit that was agreed on
SELECT s.category, s.stage, s.amount, s.unit FROM stage_limit s
