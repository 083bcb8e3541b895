"""What `kubectl get` shows of a cluster, read as the facts of an environment: each with its evidence, or unknown."""
