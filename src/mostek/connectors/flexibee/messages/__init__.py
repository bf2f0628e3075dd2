"""What the connector says to people, in every language of the product."""
