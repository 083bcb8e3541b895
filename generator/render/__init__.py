"""How each object looks: one template per Kubernetes kind, and the check of what came out."""
