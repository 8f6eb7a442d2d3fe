"""Several appliances in one room, of which one answers."""
