-- Visits that a manager should look at are few among many.
CREATE INDEX visit_flagged_idx ON visit (happened_at, id) WHERE far OR late OR phone_at IS NOT NULL;
