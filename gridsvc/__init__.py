"""The service for community grid governance: grids in editions, reports placed, coverage counted."""

__version__ = "0.1.0"
