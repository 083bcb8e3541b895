"""Files on disk: compared first, written all or nothing, removed only where they are ours."""
