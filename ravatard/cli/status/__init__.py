"""``ravatard status`` and ``ravatard id``: what the running appliance tells of itself."""
