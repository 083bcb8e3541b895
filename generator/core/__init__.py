"""What every other layer stands on: places, findings, errors, and the one door for YAML."""
