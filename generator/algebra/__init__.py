"""Sets with laws, and no word of the domain: intervals, three-valued masks, text patterns."""
