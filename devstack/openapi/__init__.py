"""docs/openapi.yaml: what every function takes and answers, written from the code (docs/decisions/0148)."""
