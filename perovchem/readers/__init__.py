"""Doors: one file a format, chosen by content (:mod:`perovchem.readers.sniff`)."""
