"""The services that tests run against: started here, on the loopback interface, and gone with the tests.

`python -m tests.services` prints which of them this machine cannot start, and what to install.
"""
