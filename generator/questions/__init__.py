"""What a question is about: profiles, anybody's YAML or a git revision, read into one cluster."""
