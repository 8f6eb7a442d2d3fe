"""The machine the daemon runs on: systemd."""
