"""Our own API, one module a noun."""
