"""Declared runs: a TOML file becomes a plan of items, each a command; a folder holds what they gave and resumes."""
