"""Servers that ask for input in the middle of a call. Imported with the SDK alone.

By the protocol of 2026-07-28 a server answers a call with its questions and a state, and takes the
call once more with the answers. Older servers ask while the call runs: they are told that the
person dismissed the question, and where the person answers it later, the call is made once more and
the answer is given at once. Either way nothing is held while a person thinks.
"""

import asyncio
import hashlib
from typing import Any, Final

import orjson
from mcp.client.session import ClientRequestContext, ClientSession
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    ElicitationRequiredErrorData,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    InputRequiredResult,
    InputResponses,
)
from pydantic import TypeAdapter, ValidationError

from conversations.tools.built_in import ToolFailed
from conversations.tools.inputs import Given, Question
from streaming.storable import storable
from streaming.tools.results import InputNeeded

# The error of older servers that want an address to be opened first.
OPEN_FIRST: Final = -32042
# Looks at a server that asks nothing and wants to be asked again, in seconds.
AGAIN: Final = 0.25
MOST_MESSAGE: Final = 2000
_ANSWER: Final[TypeAdapter[CallToolResult | InputRequiredResult]] = TypeAdapter(
    CallToolResult | InputRequiredResult
)


class Elicitation:
    """The questions of a server in one call, and the answers so far."""

    def __init__(self, server: str, given: Given) -> None:
        self._server, self._given = server, given
        self._questions: list[Question] = []

    async def __call__(
        self, context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult:
        """Answer an older server, as the SDK calls it."""
        question = _question(params)
        if (answer := self._given.answers.get(question.key)) is not None:
            return ElicitResult.model_validate(answer)
        self._questions.append(question)
        return ElicitResult(action="cancel")

    async def call(
        self, session: ClientSession, tool: str, arguments: dict[str, Any]
    ) -> CallToolResult | InputNeeded:
        """Call a tool. Not `call_tool` of the SDK: that asks for the list of tools, to hold the
        result against its schema."""
        answers: InputResponses = {
            key: ElicitResult.model_validate(self._given.answers[key]) for key in self._given.last
        }
        responses, state = answers or None, self._given.state
        while True:
            parameters = CallToolRequestParams(
                name=tool, arguments=arguments, input_responses=responses, request_state=state
            )
            try:
                answer = await session.send_request(CallToolRequest(params=parameters), _ANSWER)
            except MCPError as error:
                if error.code != OPEN_FIRST or not (questions := _addresses(error)):
                    raise
                return InputNeeded(questions)
            if isinstance(answer, CallToolResult):
                return InputNeeded(self._questions) if self._questions else answer
            if answer.input_requests:
                return InputNeeded(self._asked(answer), answer.request_state)
            responses, state = None, answer.request_state
            await asyncio.sleep(AGAIN)

    def _asked(self, answer: InputRequiredResult) -> list[Question]:
        questions: list[Question] = []
        for key, request in (answer.input_requests or {}).items():
            if not isinstance(request, ElicitRequest):
                what = f"asks for what it may not have: {request.method}"
                raise ToolFailed(f"The tool server {self._server} {what}.")
            questions.append(_question(request.params, key))
        return questions


def _question(params: ElicitRequestParams, key: str = "") -> Question:
    """A question. One of an older server has no key, and is known by what it says."""
    message = storable(params.message)[:MOST_MESSAGE]
    if isinstance(params, ElicitRequestFormParams):
        text = storable(orjson.dumps(params.requested_schema).decode())
        return Question(key or _digest(message, text), message, schema=orjson.loads(text))
    return Question(key or _digest(message, params.url), message, url=params.url)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]


def _addresses(error: MCPError) -> list[Question]:
    try:
        asked = ElicitationRequiredErrorData.model_validate(error.error.data)
    except ValidationError:
        return []
    return [_question(params) for params in asked.elicitations]
