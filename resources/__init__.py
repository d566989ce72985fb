"""Data that ships with the program; reached through `inspector_core.assets` alone."""
