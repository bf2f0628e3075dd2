"""Mostek: a self-hosted hub between e-shops and accounting systems."""
