"""Pictures of shapes: Folium shells of a few kilobytes that fetch their data themselves; no database."""
