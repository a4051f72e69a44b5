"""The files of messages in a prompt: loaded, fitted beside the messages, and told of."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final
from uuid import UUID

from conversations.files import selectors, storage
from conversations.files.models import File, FileContent
from providers.types import ChatMessage, Image
from streaming.picture_tokens import picture_weight
from streaming.replies.passages import Passage, rank
from streaming.token_estimate import Amounts, text_amounts

# What is loaded for one prompt, of the newest files: characters of text, and images.
MOST_TEXT: Final = 4_000_000
MOST_IMAGES: Final = 20

NOTHING: Final[Amounts] = (0, 0, 0, 0, 0, 0)
PASSAGES: Final = "[Only these passages of the file fit.]"
_BETWEEN: Final = "\n\n"

# How much of the room that is left passages may take: messages need some, too.
_SHARE: Final = 0.75

PromptPart = str | Image


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file as a model gets it: whole, or, if it is long, by passages, the best first."""

    part: PromptPart
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A file of a message. `part` is what a model is given of it, `None` where it was not loaded:
    it is older than what a prompt may have. `tokens` is what was estimated when it was read."""

    id: str
    content_id: UUID
    name: str
    tokens: int
    part: PromptPart | None
    passages: tuple[Passage, ...] = ()

    @property
    def amounts(self) -> Amounts:
        """What the prompt gets with it."""
        if isinstance(self.part, Image):
            return (0, 0, 0, 0, 0, self.part.weight)
        return NOTHING if self.part is None else text_amounts(self.part)


def load(
    newest_first: Iterable[File], question: str, window: int, model: str
) -> dict[UUID, Loaded]:
    """Return what a model is given of files, by the ids of their contents, as far as a prompt may
    have it; a picture with what it costs for this model. Of a document that takes much of the
    window the passages are ranked by the question. Reads the database and the storage."""
    parts: dict[UUID, Loaded] = {}
    texts: dict[UUID, str] = {}  # the names of the documents
    characters = images = 0
    for file in newest_first:
        content = file.content
        if content.id in parts or content.id in texts:
            continue
        if content.kind == FileContent.Kind.IMAGE:
            images += 1
            if images <= MOST_IMAGES:
                with suppress(OSError):  # it is told to be left out
                    data = b64encode(storage.read(content.image_path)).decode()
                    weight = picture_weight(model, content.width, content.height)
                    parts[content.id] = Loaded(Image(content.media_type, data, weight))
        else:
            characters += 4 * (content.tokens or 0)
            if characters <= MOST_TEXT:
                texts[content.id] = file.name
    for key, text in selectors.texts(ids=texts).items():
        passages = rank(text, question) if len(text) > window else ()
        parts[key] = Loaded(_marked(texts[key], text), passages)
    return parts


def _marked(name: str, text: str) -> str:
    """A text as a model is told it, with its name."""
    plain = name.replace('"', "'")
    return f'<file name="{plain}">\n{text}\n</file>'


def prompt_files(files: Sequence[File], parts: Mapping[UUID, Loaded]) -> tuple[PromptFile, ...]:
    """Return the files of a message with what was loaded of them."""
    found: list[PromptFile] = []
    for file in files:
        content, loaded = file.content, parts.get(file.content.id)
        part, passages = (loaded.part, loaded.passages) if loaded else (None, ())
        tokens = content.tokens or 0
        found.append(PromptFile(str(file.id), content.id, file.name, tokens, part, passages))
    return tuple(found)


class FileFit:
    """Puts files into messages, the newest first, while there is room. `told` says of each file how
    the model was given it. A file that a newer message has is not given again."""

    def __init__(self, cost: Callable[[Amounts], float], *, cannot_see: bool) -> None:
        self._cost, self._cannot_see = cost, cannot_see
        self._given: set[UUID] = set()
        self._known: set[str] = set()
        self.told: list[dict[str, Any]] = []

    def fit(
        self, message: ChatMessage, files: Sequence[PromptFile], room: float
    ) -> tuple[ChatMessage, float]:
        """Return the message with its files, as far as there is room for them, and what those
        cost."""
        parts: list[PromptPart] = []
        used = 0.0
        for file in files:
            if file.content_id in self._given:
                self._tell(file, "whole")
                parts.append(f"[File “{file.name}”: see below.]")
                continue
            cost = self._cost(file.amounts)
            unseen = self._cannot_see and isinstance(file.part, Image)
            if file.part is not None and not unseen and used + cost <= room:
                self._given.add(file.content_id)
                self._tell(file, "whole")
                parts.append(file.part)
                used += cost
            elif passages := self._best(file, (room - used) * _SHARE):
                self._given.add(file.content_id)
                text = "\n\n".join(f"[{passage.place}]\n{passage.text}" for passage in passages)
                part = f"{_marked(file.name, text)}\n{PASSAGES}"
                places = list(dict.fromkeys(passage.place for passage in passages))
                cost = self._cost(text_amounts(part))
                self._tell(file, "passages", tokens=ceil(cost), passages=places)
                parts.append(part)
                used += cost
            else:
                self._tell(file, "left_out")
                parts.append(f"[The file “{file.name}” is left out: it does not fit.]")
        return with_parts(message, parts), used

    def _best(self, file: PromptFile, room: float) -> list[Passage]:
        """The best passages of a document that fit into the room, in their order."""
        chosen: list[Passage] = []
        room -= self._cost(text_amounts(_marked(file.name, PASSAGES)))
        for passage in file.passages:
            room -= self._cost(text_amounts(f"[{passage.place}]\n{passage.text}\n\n"))
            if room < 0:
                break
            chosen.append(passage)
        return sorted(chosen, key=lambda passage: passage.position)

    def leave_out(self, files: Sequence[PromptFile]) -> None:
        """Tell that the message of these files is not in the prompt."""
        for file in files:
            self._tell(file, "whole" if file.content_id in self._given else "left_out")

    def _tell(self, file: PromptFile, used: str, **more: Any) -> None:
        if file.id not in self._known:
            self._known.add(file.id)
            tokens = ceil(self._cost(file.amounts)) or file.tokens
            self.told.append({"id": file.id, "tokens": tokens, "used": used, **more})


def with_parts(message: ChatMessage, parts: Sequence[PromptPart]) -> ChatMessage:
    """Return the message with the parts before its text, all in their order."""
    if not parts:
        return message
    every = [*parts, message.content] if message.content else [*parts]
    content = _BETWEEN.join(part for part in every if isinstance(part, str))
    if not any(isinstance(part, Image) for part in every):
        return replace(message, content=content)
    ordered: list[PromptPart] = []
    for part in every:
        if isinstance(part, str) and ordered and isinstance(ordered[-1], str):
            part = f"{ordered.pop()}{_BETWEEN}{part}"
        ordered.append(part)
    return replace(message, content=content, parts=tuple(ordered))
