"""Alembic's migrations, as a package so that the command line finds them where the application is installed."""
