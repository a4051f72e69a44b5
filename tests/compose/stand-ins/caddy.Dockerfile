FROM stand-in
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/config
RUN install -d /data /config
CMD ["caddy", "version"]
