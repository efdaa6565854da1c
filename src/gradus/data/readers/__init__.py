"""Readers of real files: idx, CSV, CIFAR-10 records, pictures."""
