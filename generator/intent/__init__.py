"""From the user's profiles to one resolved intent: read, check, expand, merge."""
