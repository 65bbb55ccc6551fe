-- Whether a resident had a link to a report: retention blanks the hash, and figures of the past must not change with it.
ALTER TABLE reporter ADD COLUMN linked boolean NOT NULL DEFAULT false;

UPDATE reporter SET linked = true WHERE secret_hash IS NOT NULL;

ALTER TABLE reporter ADD CONSTRAINT reporter_linked_check CHECK (linked OR secret_hash IS NULL);
