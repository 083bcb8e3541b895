"""The facts of a cluster: data with a source, never a guess."""
