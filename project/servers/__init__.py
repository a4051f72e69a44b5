"""What daphne and uvicorn lack, added when one of them runs us."""

import resource


def adapt() -> None:
    """Mend the server that imported us, and let it have as many connections as the system gives."""
    from project.servers import daphne_server, uvicorn_server

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    daphne_server.adapt()
    uvicorn_server.adapt()
