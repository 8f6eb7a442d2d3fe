"""The AvaTar API: its wire, without I/O, and the service that speaks it."""
