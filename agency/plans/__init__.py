"""Many runs: their schedule, the conductor that drives them, and the way of their work into the branch."""
