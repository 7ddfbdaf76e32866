"""What the tests share: a private world for each test, and ways to look at it that do not go through agency."""
