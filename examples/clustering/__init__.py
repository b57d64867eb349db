"""Clustering on real data; each fetches its table by benchmarks/data.py and prints a result."""
