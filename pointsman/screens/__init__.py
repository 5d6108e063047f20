"""Measures as people look at them: figures, tables, small plots."""
