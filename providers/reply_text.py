"""Corrects the text of a reply: joins cut characters, separates reasoning."""

from dataclasses import replace

from providers.surrogates import ChunkJoiner
from providers.think_tags import ThinkTags
from providers.types import Chunk


class ReplyText:
    """Puts together cut characters and splits thoughts from the answer, for the chunks of a reply.

    `closes_alone` are the models of this provider whose replies begin inside a thought; it is
    updated at the end of each reply.
    """

    def __init__(self, model: str, closes_alone: set[str]) -> None:
        self._model = model
        self._closes_alone = closes_alone
        self._joiner = ChunkJoiner()
        self._tags = ThinkTags(opened=model in closes_alone)

    def clean(self, chunk: Chunk) -> Chunk:
        chunk = self._tags.split(self._joiner.join(chunk))
        if chunk.finish:
            if thought := self._tags.thought_characters:
                finish = replace(chunk.finish, thought_characters=thought)
                chunk = replace(chunk, finish=finish)
            if self._tags.closed_alone:
                self._closes_alone.add(self._model)
            elif chunk.finish and chunk.finish.reason == "stop":
                self._closes_alone.discard(self._model)
        return chunk
