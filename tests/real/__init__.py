"""The server with programs that nobody here wrote: model servers behind it, clients before it."""
