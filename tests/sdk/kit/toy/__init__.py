"""A toy connector, whole and small, that keeps the contract: what the broken ones are made of."""
