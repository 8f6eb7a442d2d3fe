"""``ravatard page``: the address of the owner's page, its password, codes and tokens."""
