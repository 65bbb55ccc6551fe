-- Who took a visit in, where it came from a phone's file and not from the phone.
ALTER TABLE visit ADD COLUMN importer_id BIGINT;
ALTER TABLE visit ADD CONSTRAINT visit_importer_id_fkey FOREIGN KEY(importer_id) REFERENCES account (id);
