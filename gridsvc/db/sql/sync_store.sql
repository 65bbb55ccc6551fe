-- Question: none; remembers by its key what a phone did, and the row of the log that it became
-- Parameters: :key, :account_id, :kind, :digest, :status, :report_id, :seq, :received_at (instant)
-- Columns: none
-- Index: sync_item_pkey
INSERT INTO sync_item (key, account_id, kind, digest, status, report_id, seq, received_at)
VALUES (:key, :account_id, :kind, :digest, :status, :report_id, :seq, :received_at)
