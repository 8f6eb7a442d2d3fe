"""``ravatard config``: looks at the configuration, and changes it."""
