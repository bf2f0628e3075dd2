"""The toy's texts."""
