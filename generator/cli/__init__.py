"""The command line: arguments in, pipeline, report, exit code. No logic, no YAML."""
