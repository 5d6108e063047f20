"""Model Decision Records: read, compiled, checked, printed. Pure: no file, no network, no clock. Source: design §6."""
