"""Servers that are not ours: installed, served the same models, judged and recorded."""
