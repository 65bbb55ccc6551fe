-- Doors that were removed and are back: beside a campaign's list as those are that came later.

CREATE INDEX household_log_restored_idx ON household_log (at) WHERE action = 'restored';
