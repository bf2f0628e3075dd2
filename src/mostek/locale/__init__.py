"""The core's texts for people: one catalogue of causes and cures per language, read by :mod:`mostek.sdk.messages`."""
