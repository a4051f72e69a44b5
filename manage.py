#!/usr/bin/env python
"""Runs the management commands: `python manage.py help` lists them."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from project import light_imports

    light_imports.before_django()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    os.umask(0o077)  # a database, a key or a backup is for its owner alone
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
