FROM stand-in
ENV PATH=/usr/lib/postgresql/17/bin:$PATH PGDATA=/var/lib/postgresql/data
RUN install -d -o postgres -g postgres -m 700 "$PGDATA" /var/run/postgresql
COPY postgres-entrypoint /
ENTRYPOINT ["sh", "/postgres-entrypoint"]
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
CMD ["postgres"]
