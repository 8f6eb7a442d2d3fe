"""The rest of an echo: a user is told from the avatar behind an echo canceller."""
