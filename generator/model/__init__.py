"""Intent as values: the one model that both generation layers are projected from."""
