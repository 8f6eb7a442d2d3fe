"""The simulated RAVATAR service, written from its documents."""
