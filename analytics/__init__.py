"""What the stored traces say: measures over sums, pandas in, pandas out. No SQL and no Kafka."""
