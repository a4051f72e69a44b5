FROM stand-in
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
