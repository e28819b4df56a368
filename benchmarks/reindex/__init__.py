"""Parts of scale.py and durability.py."""
