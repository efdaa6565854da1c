"""Readers of real files: idx, CIFAR-10 records, pictures."""
