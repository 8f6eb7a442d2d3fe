"""WHO the appliance talks to: tokens, connections, and one folder a cloud."""
