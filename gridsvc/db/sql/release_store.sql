-- Question: none; stores what was decided about a photo or the words of a report, in place of what was before
-- Parameters: :report_id, :sha256 (bytes, or null: the words), :words (or null), :shown (bool), :actor_id, :at (instant)
-- Columns: none
-- Index: released_report_id_sha256_key
INSERT INTO released (report_id, sha256, words, shown, actor_id, at)
VALUES (:report_id, :sha256, :words, :shown, :actor_id, :at)
ON CONFLICT (report_id, sha256) DO UPDATE
SET words = excluded.words, shown = excluded.shown, actor_id = excluded.actor_id, at = excluded.at
