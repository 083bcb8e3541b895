"""Jinja, made safe for YAML: quoting is the default, and values remember where they were written."""
