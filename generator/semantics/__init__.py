"""What policies mean: from manifests alone to who reaches whom. Knows nothing of intent."""
