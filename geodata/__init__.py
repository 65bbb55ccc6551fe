"""Facts about shapes: coordinates, geometry, partitions, placement. No database, no web, no clock, no settings."""
