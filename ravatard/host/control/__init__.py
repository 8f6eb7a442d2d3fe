"""The control socket: server, client, and who is at its other end."""
