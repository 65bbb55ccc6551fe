-- Question: none; where a campaign lists one entry of a door and not the other, the other takes its place on the list; how the
--   list was is kept for figures of before
-- Parameters: :from_id, :to_id (doors), :now (instant), :campaign_ids (bigint[] or null: only these)
-- Columns: none
-- Index: campaign_door_household_id_idx, campaign_door_pkey
-- Both on one list: both stay, one as removed. The counts are taken out before and put back afterwards (visited.before, after).
WITH handed AS (
  UPDATE campaign_door d SET household_id = :to_id
  WHERE d.household_id = :from_id
    AND (CAST(:campaign_ids AS bigint[]) IS NULL OR d.campaign_id = ANY (CAST(:campaign_ids AS bigint[])))
    AND NOT EXISTS (SELECT FROM campaign_door o WHERE o.campaign_id = d.campaign_id AND o.household_id = :to_id)
  RETURNING d.campaign_id
),
-- what had become the one that goes has become the one that stays
followed AS (
  UPDATE campaign_door_before b SET became_id = :to_id
  FROM handed h WHERE b.campaign_id = h.campaign_id AND b.became_id = :from_id
)
INSERT INTO campaign_door_before (campaign_id, household_id, became_id, until_at)
SELECT h.campaign_id, :from_id, :to_id, :now FROM handed h
