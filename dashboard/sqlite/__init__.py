"""The database of a desk."""
