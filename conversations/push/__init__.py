"""Who is told by their browser that a reply is ready (Web Push)."""
