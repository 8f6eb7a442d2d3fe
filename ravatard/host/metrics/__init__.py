"""Facts for the metrics that only this machine can tell."""
