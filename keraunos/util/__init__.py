"""The ground floor: errors, naming, trees, the registry of classes. Imports nothing of keraunos above it."""
