-- Working time: which days are off or worked, year by year. A year that has no row here is not known.

CREATE TABLE calendar_year (
    year INTEGER NOT NULL,
    source TEXT NOT NULL,
    by_hand BOOLEAN NOT NULL,
    filled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT calendar_year_pkey PRIMARY KEY (year),
    CONSTRAINT calendar_year_year_check CHECK (year BETWEEN 1949 AND 2200)
);

-- The arrangement of a year is published before it begins and may say something about the December before,
-- which then holds: of two arrangements the later year's.
CREATE TABLE calendar_day (
    year INTEGER NOT NULL,
    day DATE NOT NULL,
    works BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT calendar_day_pkey PRIMARY KEY (year, day),
    CONSTRAINT calendar_day_year_fkey FOREIGN KEY(year) REFERENCES calendar_year (year) ON DELETE CASCADE,
    CONSTRAINT calendar_day_within_check CHECK (day BETWEEN make_date(year - 1, 12, 1) AND make_date(year, 12, 31))
);
