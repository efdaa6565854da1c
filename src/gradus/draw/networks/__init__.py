"""Pictures of networks: their graphs, their units, and what passes through their layers."""
