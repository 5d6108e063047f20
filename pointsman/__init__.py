"""The application: command line, settings, wiring, process frame, demo."""
