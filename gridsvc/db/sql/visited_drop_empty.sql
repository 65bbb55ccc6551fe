-- Question: none; drops the cells of campaigns that no door is in any more
-- Parameters: none
-- Columns: none
-- Index: campaign_cell_empty_idx
DELETE FROM campaign_cell WHERE enumerated = 0
