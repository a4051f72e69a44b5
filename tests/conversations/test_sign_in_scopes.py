"""The scopes that a person's next sign-in to a tool server asks for."""

from conversations.people.models import User
from conversations.tools import sign_ins
from conversations.tools.models import ToolServer
from conversations.tools.sign_ins import MOST_MORE, SignIn


def test_further_scopes_are_bounded(owner: User):
    """What the tokens were asked for is asked for no more, and a server cannot go on for ever."""
    server = ToolServer.objects.create(name="wiki", url="https://wiki/mcp", auth="oauth")
    sign_ins.begin(
        user=owner,
        server=server,
        state="state",
        session="session",
        verifier="verifier",
        client={"client_id": "us"},
        oauth={"scope": "tools"},
    )

    def found() -> SignIn:
        sign_in = sign_ins.find(user=owner, server=server)
        assert sign_in is not None
        return sign_in

    assert sign_ins.keep(sign_in=found(), tokens={"access_token": "t", "scope": "tools read"})
    more = [f"scope-{number}" for number in range(MOST_MORE)]
    assert not sign_ins.widen(sign_in=found(), scopes=["read", "tools"])
    assert sign_ins.widen(sign_in=found(), scopes=["tools", more[0]])
    assert sign_ins.widen(sign_in=found(), scopes=more)
    assert not sign_ins.widen(sign_in=found(), scopes=["another"])
    assert found().oauth["more"] == more
