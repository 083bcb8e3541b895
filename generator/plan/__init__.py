"""Which objects there are: every layer projected from the one intent. No YAML here."""
