"""Instructor: answers in the shape of a class."""

import instructor
from openai import OpenAI
from steps import City, play

ASK = {"model": "form", "messages": [{"role": "user", "content": "A city?"}], "max_retries": 0}


def client(mode: instructor.Mode) -> instructor.Instructor:
    return instructor.from_openai(OpenAI(max_retries=0), mode=mode)


def form() -> City:
    return client(instructor.Mode.JSON_SCHEMA).chat.completions.create(response_model=City, **ASK)


def form_by_json() -> City:
    return client(instructor.Mode.JSON).chat.completions.create(response_model=City, **ASK)


def form_in_pieces() -> City:
    made = client(instructor.Mode.JSON_SCHEMA)
    *_, last = made.chat.completions.create_partial(response_model=City, **ASK)
    return last


play(form=form, form_by_json=form_by_json, form_in_pieces=form_in_pieces)
