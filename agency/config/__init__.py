"""agency.yaml and the config of the user, as typed settings."""
