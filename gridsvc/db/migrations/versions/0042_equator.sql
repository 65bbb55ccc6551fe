-- A latitude of less than the smallest number has no radians, and its report could not be stored. It is the equator's.

CREATE OR REPLACE FUNCTION bin_y(geom geometry) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CAST(CASE WHEN ST_Y(geom) > 85.06 THEN 0 WHEN ST_Y(geom) < -85.06 THEN 134217727
  WHEN abs(ST_Y(geom)) < 1e-300 THEN 67108864 ELSE least(greatest(
  floor((0.5 - ln(tan(pi() / 4 + radians(ST_Y(geom)) / 2)) / (2 * pi())) * 134217728), 0), 134217727) END AS integer);
