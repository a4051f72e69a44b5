from django.apps import AppConfig


class DescriptionConfig(AppConfig):
    """drf-spectacular's templates and commands, without its checks: they load all of it."""

    name = "drf_spectacular"


class ProjectConfig(AppConfig):
    name = "project"
    default = True  # of the two that are here

    def ready(self) -> None:
        from conversations import notices
        from project import checks, light_imports  # noqa: F401 - checks register themselves

        light_imports.load_rest_framework()
        notices.register("streaming.rest.notices.SocketNotices")
