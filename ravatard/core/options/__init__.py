"""Option groups of the core: turns, sessions, the gate, and how speaking and listening share the room."""
