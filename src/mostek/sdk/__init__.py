"""What a connector is: capabilities, manifest, settings, errors, and the seams to the outside."""
