"""Figures of this process for Prometheus, served at `/metrics`."""

from prometheus_client import Counter, Gauge, Histogram

running = Gauge("chat_replies_running", "Replies being written.")
sockets = Gauge("chat_sockets", "Open sockets.")
waiting = Gauge("chat_line_waiting", "Requests waiting for a place at a provider.", ["provider"])
at_provider = Gauge("chat_line_places", "Places at a provider that are taken.", ["provider"])
refused = Counter("chat_refused", "Requests refused by a limit or a budget.", ["code"])
replies = Counter("chat_replies", "Replies that ended.", ["provider", "status"])
first_token = Histogram(
    "chat_first_token_seconds",
    "From the start of a reply to its first piece of text.",
    ["provider"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
)
duration = Histogram(
    "chat_reply_seconds",
    "From the start of a reply to its end.",
    ["provider"],
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600),
)
completion_tokens = Counter("chat_completion_tokens", "Tokens written.", ["provider"])
notifications = Counter("chat_notifications", "Notifications of replies, or why not.", ["outcome"])
