-- Doors that look alike and are one: the entry that goes points to the one that stays, and never to one that went.
ALTER TABLE household ADD COLUMN same_as_id BIGINT;

ALTER TABLE household ADD CONSTRAINT household_same_as_id_fkey FOREIGN KEY (same_as_id) REFERENCES household (id);

ALTER TABLE household ADD CONSTRAINT household_same_check
    CHECK (same_as_id IS NULL OR (removed_at IS NOT NULL AND same_as_id <> id));

CREATE INDEX household_same_as_id_idx ON household (same_as_id) WHERE same_as_id IS NOT NULL;

ALTER TABLE household_log DROP CONSTRAINT household_log_action_check;

ALTER TABLE household_log ADD CONSTRAINT household_log_action_check
    CHECK (action IN ('added', 'changed', 'removed', 'restored', 'unmasked', 'apart', 'alike', 'kept', 'merged'));

ALTER TABLE household_log DROP CONSTRAINT household_log_other_check;

ALTER TABLE household_log ADD CONSTRAINT household_log_other_check
    CHECK ((action IN ('apart', 'alike', 'kept', 'merged')) = (other_id IS NOT NULL));

-- An entry that says nothing else of an earlier visit than at which entry of the register it was.
ALTER TABLE visit ADD COLUMN carried BOOLEAN DEFAULT false NOT NULL;

-- Until an instant a campaign's list had one entry of a door where it has another now: what was published before keeps its
-- figure.
CREATE TABLE campaign_door_before (
    campaign_id BIGINT NOT NULL,
    household_id BIGINT NOT NULL,
    became_id BIGINT NOT NULL,
    until_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT campaign_door_before_pkey PRIMARY KEY (campaign_id, household_id),
    CONSTRAINT campaign_door_before_campaign_id_fkey FOREIGN KEY(campaign_id) REFERENCES campaign (id) ON DELETE CASCADE,
    CONSTRAINT campaign_door_before_household_id_fkey FOREIGN KEY(household_id) REFERENCES household (id),
    CONSTRAINT campaign_door_before_became_id_fkey FOREIGN KEY(became_id) REFERENCES household (id)
);

-- The doors on a campaign's list as of an instant (null: now).
CREATE FUNCTION listed_doors(campaign_id bigint, as_of timestamptz)
RETURNS TABLE (household_id bigint, targeted boolean) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(b.household_id, d.household_id), d.targeted
  FROM campaign_door d
  LEFT JOIN (
    SELECT DISTINCT ON (b.became_id) b.became_id, b.household_id
    FROM campaign_door_before b WHERE b.campaign_id = $1 AND b.until_at > $2
    ORDER BY b.became_id, b.until_at
  ) b ON b.became_id = d.household_id
  WHERE d.campaign_id = $1
$$;
