"""One module a version; the number in its name is its place in the order."""
