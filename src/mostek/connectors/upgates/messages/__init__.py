"""What UpGates causes, in the languages of the product."""
