"""The checks, one module a subject: each examines one thing and returns one result."""
