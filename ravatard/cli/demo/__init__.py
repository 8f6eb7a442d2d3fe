"""``ravatard demo``: the daemon and the simulated service in conversation."""
