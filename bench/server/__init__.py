"""How fast the server is, beside a plain proxy in the same run."""
