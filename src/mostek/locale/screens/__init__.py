"""The sentences of the command line's screens, per language; a table with one, few, many, other is chosen by number."""
