"""What turns a request into text: models and their servers, and no Django, users or sockets."""
