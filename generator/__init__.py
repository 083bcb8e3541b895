"""meshgen: intent in, matching NetworkPolicy and Istio bundles out."""

__version__ = "0.1.0"
