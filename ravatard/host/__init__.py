"""The machine the daemon runs on: systemd, state directory, credentials, boot partition, control socket."""
