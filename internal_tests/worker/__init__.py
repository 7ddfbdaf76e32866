"""What runs inside the session of a headless run, called as Python."""
