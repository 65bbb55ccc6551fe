-- The reports of a category within so many metres of a point (EPSG:4326), by the index on their points.
CREATE FUNCTION like_reports(category text, spot geometry, radius_m float8) RETURNS SETOF report
LANGUAGE sql STABLE AS $$
  SELECT r.* FROM report r
  WHERE r.geom && ST_Expand($2, 1.02 * $3 / (110574 * greatest(cos(radians(ST_Y($2))), 0.01)), 1.02 * $3 / 110574)
    AND r.category = $1 AND ST_DWithin(CAST(r.geom AS geography), CAST($2 AS geography), $3)
$$;
