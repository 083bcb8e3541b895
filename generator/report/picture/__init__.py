"""Pictures, drawn by ourselves: what belongs where, in layers from left to right, as SVG."""
