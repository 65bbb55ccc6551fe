-- Visits that found a door vacant or not eligible are found again: they are few, and wait for a second person.
CREATE INDEX visit_claim_idx ON visit (household_id, happened_at) WHERE outcome IN ('vacant', 'not_eligible');
