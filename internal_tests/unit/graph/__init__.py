"""The components of a repo and what follows from them."""
