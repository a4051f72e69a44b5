"""Every address of the server, apart from the sockets (`asgi.py`)."""

from django.contrib import admin
from django.urls import include, path, re_path
from rest_framework.routers import SimpleRouter

from conversations.files import views as file_views
from conversations.library import views as library
from conversations.people import staff_views as staff
from conversations.people import views as people
from conversations.push.views import PushView
from conversations.threads import views as threads
from conversations.threads.camel_api import SessionViewSet
from conversations.usage.views import UsageView
from project import (
    api_description,
    health,
    installing,
    joining,
    model_pages,
    pages,
    profile,
    tool_sign_in,
)
from project import connections as connections_page
from project import people as people_page
from project import tool_servers as tools_page
from project.doctor import probe
from streaming.rest import connections, files, model_jobs, tool_servers
from streaming.rest import views as rest
from streaming.v1 import views as v1

api = SimpleRouter(use_regex_path=False)
api.register("conversations", threads.ConversationViewSet, basename="conversation")
api.register("chat/sessions", SessionViewSet, basename="session")
api.register("people", staff.PeopleViewSet, basename="person")
api.register("invitations", staff.InvitationViewSet, basename="invitation")
api.register("prompts", library.PromptViewSet, basename="prompt")
api.register("presets", library.PresetViewSet, basename="preset")
api.register("keys", people.ApiKeyViewSet, basename="key")

urlpatterns = [
    # The first, since each address is compared with all before it.
    # Django's way of sending a request on to the other spelling would lose its body.
    re_path(r"^v1/chat/completions/?$", v1.chat),
    re_path(r"^v1/completions/?$", v1.completions),
    re_path(r"^v1/responses/?$", v1.responses),
    re_path(r"^v1/embeddings/?$", v1.embeddings),
    re_path(r"^v1/models/?$", v1.models),
    path("v1/models/<path:model>", v1.model),
    re_path(r"^v1/health/?$", v1.health),
    re_path(r"^v1(?:/|$)", v1.unknown),
    path("", pages.welcome, name="welcome"),
    path("signin/", pages.sign_in, name="signin"),
    path("signout/", pages.sign_out, name="signout"),
    path("setup/<str:token>/", pages.setup, name="setup"),
    path("chat", pages.chat, name="chat"),
    path("chat/<id:conversation_id>", pages.chat, name="conversation"),
    path("diagram", pages.diagram, name="diagram"),
    path("manifest.webmanifest", installing.web_manifest, name="web-manifest"),
    path("worker.js", installing.worker, name="worker"),
    path("profile", profile.profile, name="profile"),
    path("profile/password", profile.change_password, name="change-password"),
    path("profile/sessions", profile.end_sessions, name="end-sessions"),
    path("profile/theme", profile.choose_theme, name="choose-theme"),
    path("profile/language", profile.choose_language, name="choose-language"),
    path("profile/instructions", profile.save_instructions, name="save-instructions"),
    path("profile/keys", profile.add_key, name="add-key"),
    path("profile/keys/<id:key_id>/revoke", profile.revoke_key, name="revoke-key"),
    path("people", people_page.people, name="people"),
    path("people/invite", people_page.invite, name="invite"),
    path("people/invite/<id:invitation_id>/withdraw", people_page.withdraw, name="withdraw"),
    path("people/<id:user_id>/active", people_page.change, name="change-person"),
    path("people/<id:user_id>/refuse", people_page.refuse, name="refuse-person"),
    path("people/<id:user_id>/limits", people_page.limit, name="limit-person"),
    path("people/<id:user_id>/reset", people_page.reset, name="reset-person"),
    path("connections", connections_page.connections, name="connections"),
    path("connections/add", connections_page.add, name="add-connection"),
    path("connections/defaults", connections_page.choose, name="choose-defaults"),
    path("connections/models", connections_page.model_names, name="model-names"),
    path("connections/<id:connection_id>", connections_page.edit, name="edit-connection"),
    path("connections/<id:connection_id>/models", connections_page.model_names, name="model-names"),
    path("connections/<id:connection_id>/test", connections_page.test, name="test-connection"),
    path("connections/<id:connection_id>/native", connections_page.use_native, name="use-native"),
    path(
        "connections/<id:connection_id>/delete", connections_page.delete, name="delete-connection"
    ),
    path("models", model_pages.models, name="models"),
    path("models/jobs", model_pages.start_job, name="start-job"),
    path("models/jobs/<id:job_id>/cancel", model_pages.cancel_job, name="cancel-job"),
    path("tools", tools_page.tool_servers, name="tool-servers"),
    path("tools/add", tools_page.add, name="add-tool-server"),
    path("tools/<id:server_id>", tools_page.edit, name="edit-tool-server"),
    path("tools/<id:server_id>/test", tools_page.test, name="test-tool-server"),
    path("tools/<id:server_id>/delete", tools_page.delete, name="delete-tool-server"),
    path("tools/<str:name>/sign-in", tool_sign_in.leave, name="tool-sign-in"),
    path("tools/client.json", tool_sign_in.client_document, name="tool-client"),
    path("tools/callback/", tool_sign_in.come_back, name="tool-callback"),
    path("invite/<str:secret>", joining.accept, name="accept"),
    path("signup", joining.sign_up, name="signup"),
    path("reset/<str:name>/<str:token>", joining.reset, name="reset"),
    path("admin/login/", pages.admin_sign_in),
    path("admin/", admin.site.urls),
    path("api/", include(api.urls)),
    path("api/conversations/<id:pk>/generate/", rest.GenerateView.as_view()),
    path("api/conversations/<id:pk>/queue/", rest.QueueView.as_view()),
    path("api/conversations/<id:pk>/queue/resume/", rest.QueueResumeView.as_view()),
    path("api/conversations/<id:pk>/queue/order/", rest.QueueOrderView.as_view()),
    path("api/conversations/<id:pk>/queue/<id:client_id>/", rest.QueuedView.as_view()),
    path("api/conversations/<id:pk>/queue/<id:client_id>/now/", rest.QueuedNowView.as_view()),
    path("api/conversations/<id:pk>/stop/", rest.StopView.as_view()),
    path("api/messages/<id:pk>/", threads.MessageView.as_view()),
    path("api/messages/<id:message_id>/tool-calls/<id:call_id>/decide/", rest.DecideView.as_view()),
    path("api/messages/<id:pk>/rating/", threads.RatingView.as_view()),
    path("api/messages/<id:pk>/restore/", threads.RestoreMessageView.as_view()),
    path("api/files/", files.FilesView.as_view()),
    path("api/files/<id:pk>/", file_views.FileView.as_view()),
    path("api/files/<id:pk>/content", file_views.FileContentView.as_view()),
    path("api/connections/", connections.ConnectionsView.as_view()),
    path("api/connections/<id:pk>/", connections.ConnectionView.as_view()),
    path("api/connections/<id:pk>/test/", connections.ConnectionTestView.as_view()),
    path("api/tool-servers/<id:server_id>/sign-in/", tool_servers.ToolSignInView.as_view()),
    path("api/tools/", tool_servers.ToolsView.as_view()),
    path("api/tool-servers/", tool_servers.ToolServersView.as_view()),
    path("api/tool-servers/<id:server_id>/", tool_servers.ToolServerView.as_view()),
    path("api/tool-servers/<id:server_id>/test/", tool_servers.ToolServerTestView.as_view()),
    path("api/model-defaults/", connections.ModelDefaultsView.as_view()),
    path("api/model-jobs/", model_jobs.ModelJobsView.as_view()),
    path("api/model-jobs/<id:pk>/", model_jobs.ModelJobView.as_view()),
    path("api/models/loaded/", model_jobs.LoadedModelsView.as_view()),
    path("api/models/", rest.ModelsView.as_view()),
    path("api/push/", PushView.as_view()),
    path("api/usage/", UsageView.as_view()),
    path("api/me/", people.MeView.as_view()),
    path("api/schema/", api_description.schema, name="schema"),
    path("api/docs/", api_description.docs, name="docs"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("probe/<str:given>/", probe.over_http),
]

handler403 = pages.forbidden
handler404 = pages.not_found
handler500 = pages.server_error
