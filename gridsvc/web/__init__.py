"""The HTTP door: our own API and the pages."""
