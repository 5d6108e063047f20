"""What one process of a deployment does by the clock, and the others stand by to take over."""
