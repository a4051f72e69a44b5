"""Model servers that do what a test tells them: real sockets, no model."""
