-- A worklist that is searched for words reads them from the index of open reports alone: these lie all over the table, and
-- looking each up took most of the time. A long text, which an index has no room for, is looked up in the table.

-- said: description and place in words of an open report, unless it is long.
ALTER TABLE report ADD COLUMN said TEXT GENERATED ALWAYS AS (CASE
    WHEN state IN ('reported', 'verified', 'filed', 'dispatched', 'disposed', 'checked')
      AND octet_length(description) + coalesce(octet_length(words), 0) <= 600
    THEN description || E'\x1f' || coalesce(words, '') END) STORED;

DROP INDEX report_open_until_idx;

CREATE INDEX report_open_until_idx ON report (until_at, id) INCLUDE (step, suspended_at, waiting_at, received_at, updated_at, state, category, department_id, routing, level, card, extension_asked_at, n_rework, number, said) WHERE open;

-- Few are long.
CREATE INDEX report_open_long_idx ON report (id) WHERE open AND said IS NULL;
