"""Sound on its way to the speaker, apart from answers: announcements, and nothing at all."""
