FROM stand-in
COPY ollama /usr/bin/ollama
ENTRYPOINT ["ollama"]
CMD ["serve"]
