"""The microphone: a source of sound and the gate, in a sound process of their own."""
