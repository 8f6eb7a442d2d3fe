"""Parts of the owner's page on this machine: its files, its certificate, systemd's sockets, commands."""
