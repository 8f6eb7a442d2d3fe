"""Control socket: server, client, and the process at its other end."""
