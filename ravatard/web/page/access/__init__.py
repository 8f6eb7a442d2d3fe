"""Access to the page: password, browsers' sessions, tokens of programs, and the claim of a new appliance."""
