"""A scripted model for agents: it calls the tools that a test names, then says what it got."""

from typing import Any

from tests.scripted.ollama_scripts import Line, script

# What a test wants called, one after the other: `(tool, arguments)`.
Plan = list[tuple[str, dict[str, Any]]]


@script
async def agent(line: Line) -> None:
    """Call what `server.plan` names next if it is offered; else say the last tool's answer."""
    request = line.exchange.json
    answers = [m["content"] for m in request["messages"] if m["role"] == "tool"]
    offered = {tool["function"]["name"] for tool in request.get("tools") or ()}
    plan: Plan = getattr(line.server, "plan", [])
    if len(answers) < len(plan) and plan[len(answers)][0] in offered:
        name, arguments = plan[len(answers)]
        await line.say("Let me see. ")
        await line.say(tool_calls=[{"function": {"name": name, "arguments": arguments}}])
    elif answers:
        await line.speak(["Done", ": ", answers[-1]])
    else:
        await line.speak(["Nothing ", "to ", "do."])
    await line.done()
