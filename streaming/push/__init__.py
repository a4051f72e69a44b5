"""Tells browsers that a reply is ready, by their push services (Web Push)."""
