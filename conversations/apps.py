from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        # Tells the description of the API how one signs in.
        from conversations import schema  # noqa: F401
