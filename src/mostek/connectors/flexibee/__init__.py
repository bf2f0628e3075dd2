"""ABRA Flexi (FlexiBee), the Czech accounting system."""
