"""The life of one run: create, resume, attach, stop, clean, restore."""
