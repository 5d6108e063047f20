"""How the ids of embedded clusters begin: apart, so that who only asks needs no Kafka client."""

EMBEDDED_CLUSTER = "embedded-"
