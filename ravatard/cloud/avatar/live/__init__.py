"""Service of a self-hosted AvaTar API: its calls, sessions, sockets and turns, built on the pure wire."""
