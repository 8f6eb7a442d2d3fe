"""The conversation: four small state machines and the rules that couple them."""
