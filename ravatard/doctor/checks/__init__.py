"""The checks, one module a subject: each looks at one thing and returns one result."""
