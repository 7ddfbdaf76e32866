"""What things are: immutable values and pure rules. No I/O, no clock, no environment."""
