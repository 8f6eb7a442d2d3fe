"""``ravatard simulate``: the simulated services on ports of this machine."""
