"""The board that the daemon runs on."""
