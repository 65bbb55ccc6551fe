-- Residents who have the same problem: one link is one resident, whatever key it came with.

-- Those counted twice before stay counted, without a link: how many there are stands in the log.
UPDATE joined j SET secret_hash = NULL
WHERE EXISTS (SELECT FROM joined k WHERE k.report_id = j.report_id AND k.secret_hash = j.secret_hash AND k.id < j.id);

ALTER TABLE joined ADD CONSTRAINT joined_report_id_secret_hash_key UNIQUE (report_id, secret_hash);

DROP INDEX joined_report_id_idx;
