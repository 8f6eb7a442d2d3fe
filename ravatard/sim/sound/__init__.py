"""Sound of the simulated service: speech, containers and codecs."""
