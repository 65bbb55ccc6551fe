-- One picture goes from phone to phone: who sends the same bytes as somebody before has them too, and may list them.
CREATE TABLE photo_sender (
    sha256 BYTEA NOT NULL,
    account_id BIGINT NOT NULL,
    CONSTRAINT photo_sender_pkey PRIMARY KEY (sha256, account_id),
    CONSTRAINT photo_sender_sha256_fkey FOREIGN KEY(sha256) REFERENCES photo (sha256) ON DELETE CASCADE,
    CONSTRAINT photo_sender_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id)
);
