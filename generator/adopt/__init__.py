"""`meshgen init --from`: existing manifests in, a profile to start from out. It prints nothing and guesses nothing."""
