"""``ravatard chat``: a written conversation in the terminal."""
