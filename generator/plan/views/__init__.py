"""What templates print: one frozen view of the content of each kind, in the module of its API group."""
