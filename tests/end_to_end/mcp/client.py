"""Talks to an MCP server with the official Python SDK, and prints what happened as one line of JSON.

Usage: client.py URL legacy|auto
"""

import json
import sys

import anyio
import mcp_types as types
from mcp import Client, MCPError

async def elicited(context, params):
    return types.ElicitResult(action="accept", content={"name": "Ada", "username": "ada", "email": "ada@example.org"})


async def sampled(context, params):
    text = types.TextContent(type="text", text="Paris")
    return types.CreateMessageResult(role="assistant", content=text, model="none")


async def rooted(context):
    return types.ListRootsResult(roots=[types.Root(uri="file:///tmp/", name="tmp")])


def plain(result):
    """A result as it was on the wire, without what says how long it may be kept and by whom."""
    shown = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {name: value for name, value in shown.items() if name not in ("ttlMs", "cacheScope")}


class Transcript:
    def __init__(self):
        self.steps = []

    async def step(self, name, awaitable):
        try:
            self.steps.append([name, plain(await awaitable)])
        except MCPError as refused:
            self.steps.append([name, {"error": [refused.error.code, refused.error.message]}])


async def cancelled(client):
    """Gives up a call that would never end."""
    with anyio.move_on_after(0.5) as scope:
        await client.call_tool("wait")
    assert scope.cancelled_caught, "nobody waits for this"


async def talk(url, mode):
    said = Transcript()
    told, progress = [], []

    async def logged(params):
        told.append([params.level, params.data])

    async def progressed(done, total, message):
        progress.append([done, total])

    callbacks = {
        "elicitation_callback": elicited,
        "sampling_callback": sampled,
        "list_roots_callback": rooted,
        "logging_callback": logged,
    }
    async with Client(url, mode=mode, **callbacks) as client:
        said.steps.append(["version", client.protocol_version])
        said.steps.append(["server", client.server_info.name])
        await said.step("tools", client.list_tools())
        for tool in ["test_simple_text", "test_multiple_content_types", "test_error_handling", "no_such_tool"]:
            await said.step(tool, client.call_tool(tool))
        await said.step("progress", client.call_tool("test_tool_with_progress", progress_callback=progressed))
        said.steps.append(["progress", progress])
        if mode == "legacy":
            await said.step("level", client.set_logging_level("debug"))
            await said.step("logging", client.call_tool("test_tool_with_logging"))
            said.steps.append(["logging", told])
            await said.step("elicitation", client.call_tool("test_elicitation", {"message": "?"}))
            await said.step("sampling", client.call_tool("test_sampling", {"prompt": "?"}))
        else:
            await said.step("input", client.call_tool("test_input_required_result_multiple_inputs"))
        await said.step("resources", client.list_resources())
        await said.step("templates", client.list_resource_templates())
        for uri in ["test://static-text", "test://static-binary", "test://template/7/data", "test://none"]:
            await said.step(uri, client.read_resource(uri))
        await said.step("prompts", client.list_prompts())
        arguments = {"arg1": "one", "arg2": "two"}
        await said.step("prompt", client.get_prompt("test_prompt_with_arguments", arguments))
        await said.step("test_image_content", client.call_tool("test_image_content"))
        await cancelled(client)
        await said.step("after", client.call_tool("test_simple_text"))
    return said.steps


url, mode = sys.argv[1:]
print(json.dumps(anyio.run(talk, url, mode)))
