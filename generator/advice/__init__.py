"""Which of the layers somebody needs: a decision as data, and a profile to start from for each outcome."""
