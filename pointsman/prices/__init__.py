"""Price files, what an import makes of them, and prices for what is stored already."""
