-- Who took into the service what a phone could not send: from a file, on behalf of the person who recorded it. It only grows.
CREATE TABLE unsent_import (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    importer_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    n_created INTEGER NOT NULL,
    n_same INTEGER NOT NULL,
    n_conflict INTEGER NOT NULL,
    n_refused INTEGER NOT NULL,
    CONSTRAINT unsent_import_pkey PRIMARY KEY (id),
    CONSTRAINT unsent_import_importer_id_fkey FOREIGN KEY(importer_id) REFERENCES account (id),
    CONSTRAINT unsent_import_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT unsent_import_counts_check CHECK (n_created >= 0 AND n_same >= 0 AND n_conflict >= 0 AND n_refused >= 0)
);
