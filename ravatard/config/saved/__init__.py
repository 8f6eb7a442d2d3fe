"""Settings that are saved by the page, or by ``ravatard config set``: a layer of the configuration."""
