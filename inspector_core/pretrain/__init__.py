"""Training of what the program brings along or what a user may train once for all parts."""
