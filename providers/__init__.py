"""Model servers, which turn a request into text. Knows no Django, users or sockets."""
