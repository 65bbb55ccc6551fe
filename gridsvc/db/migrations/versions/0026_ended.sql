-- By state and time only ended reports are listed; open ones are few and have indexes of their own. So a report costs this
-- index nothing before it ends.
DROP INDEX report_state_received_at_idx;

CREATE INDEX report_ended_received_at_idx ON report (state, received_at, id) WHERE state IN ('closed', 'struck_off', 'void', 'not_filed', 'merged');
