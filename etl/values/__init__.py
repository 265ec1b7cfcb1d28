"""The values that travel between the rooms: frozen, and without behaviour that touches the world."""
