"""Speaker: the playout of answers and earcons in a sound process of its own, and the daemon's side of it."""
