"""What keeps the house in order: counting lines, checking imports."""
