"""Manifests: what Kubernetes and Istio YAML must look like, and whether a given document does."""
