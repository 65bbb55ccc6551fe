-- Reports (void ones left out) counted in the 32 x 32 squares of each map tile, kept with each write: what was folded into
-- report_bin, and the changes since then, of which every write adds a few and waits for nobody.

-- In which of the 2^27 squares a side a position (EPSG:4326) lies, by Web Mercator, from the west and from the north; what
-- lies beyond the map's 85 degrees counts into its last row. Eight bits less are the squares of a tile at zoom 14.
CREATE FUNCTION bin_x(geom geometry) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CAST(least(greatest(floor((ST_X(geom) + 180) / 360 * 134217728), 0), 134217727) AS integer);

CREATE FUNCTION bin_y(geom geometry) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CAST(CASE WHEN ST_Y(geom) > 85.06 THEN 0 WHEN ST_Y(geom) < -85.06 THEN 134217727 ELSE least(greatest(
  floor((0.5 - ln(tan(pi() / 4 + radians(ST_Y(geom)) / 2)) / (2 * pi())) * 134217728), 0), 134217727) END AS integer);

-- Of the tiles z, x, y at even zooms from 0 to 14; i from the west, j from the north.
CREATE TABLE report_bin (
    z SMALLINT NOT NULL,
    x INTEGER NOT NULL,
    y INTEGER NOT NULL,
    i SMALLINT NOT NULL,
    j SMALLINT NOT NULL,
    n INTEGER NOT NULL,
    CONSTRAINT report_bin_pkey PRIMARY KEY (z, x, y, i, j)
);

CREATE TABLE report_bin_change (
    x INTEGER NOT NULL,
    y INTEGER NOT NULL,
    n INTEGER NOT NULL
);

CREATE FUNCTION report_bins_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO report_bin_change (x, y, n)
  SELECT bin_x(f.geom) >> 8, bin_y(f.geom) >> 8, count(*) FROM fresh f WHERE f.geom IS NOT NULL AND f.state <> 'void' GROUP BY 1, 2; RETURN NULL; END
$$;

CREATE FUNCTION report_bins_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO report_bin_change (x, y, n)
  SELECT bin_x(g.geom) >> 8, bin_y(g.geom) >> 8, -count(*) FROM gone g WHERE g.geom IS NOT NULL AND g.state <> 'void' GROUP BY 1, 2; RETURN NULL; END
$$;

CREATE FUNCTION report_bins_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO report_bin_change (x, y, n)
  SELECT bin_x(c.geom) >> 8, bin_y(c.geom) >> 8, c.n FROM (VALUES (OLD.geom, OLD.state, -1), (NEW.geom, NEW.state, 1)) c (geom, state, n)
  WHERE c.geom IS NOT NULL AND c.state <> 'void'; RETURN NULL; END
$$;

CREATE FUNCTION report_bins_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN DELETE FROM report_bin; DELETE FROM report_bin_change; RETURN NULL; END
$$;

CREATE TRIGGER report_bins_added AFTER INSERT ON report
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION report_bins_added();

CREATE TRIGGER report_bins_removed AFTER DELETE ON report
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION report_bins_removed();

-- Steps of a case change neither: for them the condition is all it costs.
CREATE TRIGGER report_bins_moved AFTER UPDATE OF geom, state ON report FOR EACH ROW
WHEN (OLD.geom IS DISTINCT FROM NEW.geom OR (OLD.state = 'void') <> (NEW.state = 'void'))
EXECUTE FUNCTION report_bins_moved();

CREATE TRIGGER report_bins_emptied AFTER TRUNCATE ON report FOR EACH STATEMENT EXECUTE FUNCTION report_bins_emptied();

INSERT INTO report_bin_change (x, y, n)
SELECT bin_x(r.geom) >> 8, bin_y(r.geom) >> 8, count(*) FROM report r WHERE r.geom IS NOT NULL AND r.state <> 'void' GROUP BY 1, 2;
