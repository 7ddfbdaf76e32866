"""What runs inside the session of a headless run: it drives the runner through the steps of a job, watches it and heals it."""
