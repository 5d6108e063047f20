"""What people see of evidence: counts read, rates understood, plots drawn."""
