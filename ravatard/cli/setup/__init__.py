"""``ravatard setup`` and ``boot-setup``: questions or files become a checked configuration."""
