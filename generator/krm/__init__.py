"""`meshgen fn`: the same engine as a KRM function, from ResourceList to ResourceList. It prints nothing."""
