-- The first letters of the syllables of a category's Chinese name, as people type them; null until somebody read the name.
ALTER TABLE category ADD COLUMN initials TEXT;
