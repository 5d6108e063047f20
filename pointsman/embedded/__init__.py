"""Kafka and PostgreSQL out of Python wheels, for the demo, for tests and for trying things out.

The wheels come with the extra `embedded`. Each service is a child process that ends with its application, also when
the application is killed, and that the terminal's Ctrl-C does not reach: the application finishes its work first.
"""
