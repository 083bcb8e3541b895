"""The only place where both halves meet: what was intended, and what the YAML really lets through."""
