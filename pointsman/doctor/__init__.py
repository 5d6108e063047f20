"""What is wrong with a deployment, and what helps: rules over what was seen, one file for each group of checks."""
