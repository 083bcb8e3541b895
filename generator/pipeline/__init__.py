"""The one package that knows the order of work: files in, a checked and proven bundle out. It prints nothing."""

from generator.pipeline.order import DEFAULT_ENVIRONMENT, Bundle, Request, bundle_name, render, verify

__all__ = ["DEFAULT_ENVIRONMENT", "Bundle", "Request", "bundle_name", "render", "verify"]
