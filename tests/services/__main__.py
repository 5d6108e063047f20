"""Print what is missing, a line each."""

import sys

from tests.services.availability import missing_services

for sentence in missing_services():
    sys.stdout.write(f"not tested here: {sentence}\n")
