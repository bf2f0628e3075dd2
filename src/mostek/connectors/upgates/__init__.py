"""UpGates: an e-shop platform of the Czech and Slovak market."""
