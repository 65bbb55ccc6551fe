-- Which share of its doors a campaign means to reach: maps colour against it. City rules ask for 85, 90 or 95 of 100.
ALTER TABLE campaign ADD COLUMN target_percent smallint NOT NULL DEFAULT 95
  CONSTRAINT campaign_target_check CHECK (target_percent BETWEEN 1 AND 100);
