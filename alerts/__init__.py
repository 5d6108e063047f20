"""From evidence and records to decisions, and what is done about them."""
