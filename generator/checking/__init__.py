"""`meshgen check`: YAML that anybody wrote goes in, findings come out. It prints nothing."""
