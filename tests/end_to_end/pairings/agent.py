"""An agent on the official Python SDK, in every binding and version that it serves: agent.py [--name NAME]

Listens on loopback, where A2A_PORT and A2A_GRPC_PORT say. Answers `hello` with a message, `work`
with a task of three steps, and `wait` with a task that runs until it is cancelled. It knows nothing
of Cloister.
"""

import argparse
import asyncio
import os

import grpc
import uvicorn
from a2a.compat.v0_3 import a2a_v0_3_pb2_grpc
from a2a.compat.v0_3.grpc_handler import CompatGrpcHandler
from a2a.helpers import (
    new_data_part,
    new_task_from_user_message,
    new_text_message,
    new_text_part,
    new_url_part,
)
from a2a.server.agent_execution import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler, GrpcHandler
from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from a2a.server.tasks import (
    InMemoryPushNotificationConfigStore,
    InMemoryTaskStore,
    TaskUpdater,
)
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    TaskState,
    a2a_pb2_grpc,
)
from starlette.applications import Starlette

LOOPBACK = "127.0.0.1"


class Steps(AgentExecutor):
    """Answers, works or waits."""

    async def execute(self, context, event_queue):
        text = context.get_user_input()
        if text == "hello":
            answer = new_text_message("hello to you", context_id=context.context_id)
            return await event_queue.enqueue_event(answer)
        task = new_task_from_user_message(context.message)
        task.status.state = TaskState.TASK_STATE_WORKING
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        if text == "wait":
            await asyncio.Event().wait()
        for at, part in enumerate([
            new_text_part("größer als 1"),
            new_data_part({"list": [1, 2.5, None], "nested": {"empty": {}}}),
            new_url_part("https://example.org/a.bin", "application/octet-stream", "a.bin"),
        ]):
            await updater.add_artifact(
                [part], artifact_id="steps", name="steps", append=at > 0, last_chunk=at == 2
            )
        await updater.complete(updater.new_agent_message([new_text_part("done")]))

    async def cancel(self, context, event_queue):
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def card(name, http, rpc):
    """The agent's card, with every binding in both versions."""
    at = {"JSONRPC": f"{http}/jsonrpc", "HTTP+JSON": f"{http}/rest", "GRPC": rpc}
    return AgentCard(
        name=name,
        description="Answers, works and waits.",
        version="0.1.0",
        supported_interfaces=[
            AgentInterface(url=url, protocol_binding=binding, protocol_version=version)
            for version in ("1.0", "0.3")
            for binding, url in at.items()
        ],
        capabilities=AgentCapabilities(
            streaming=True, push_notifications=True, extended_agent_card=True
        ),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="steps", name="Steps", description="Takes steps.", tags=["test"])],
    )


def extended(public):
    """What the card is for whoever asks for more."""
    more = AgentCard()
    more.CopyFrom(public)
    more.skills.add(id="more", name="More", description="Not for everybody.", tags=["test"])
    return more


async def serve(name):
    port, rpc_port = int(os.environ["A2A_PORT"]), os.environ["A2A_GRPC_PORT"]
    rpc_address = f"{LOOPBACK}:{rpc_port}"
    public = card(name, f"http://{LOOPBACK}:{port}", rpc_address)
    handler = DefaultRequestHandler(
        agent_executor=Steps(),
        task_store=InMemoryTaskStore(),
        agent_card=public,
        push_config_store=InMemoryPushNotificationConfigStore(),
        extended_agent_card=extended(public),
    )
    rpc = grpc.aio.server()
    rpc.add_insecure_port(rpc_address)
    a2a_pb2_grpc.add_A2AServiceServicer_to_server(GrpcHandler(handler), rpc)
    a2a_v0_3_pb2_grpc.add_A2AServiceServicer_to_server(CompatGrpcHandler(handler), rpc)
    await rpc.start()
    app = Starlette(
        routes=[
            *create_agent_card_routes(public),
            *create_jsonrpc_routes(handler, rpc_url="/jsonrpc", enable_v0_3_compat=True),
            *create_rest_routes(handler, path_prefix="/rest", enable_v0_3_compat=True),
        ]
    )
    config = uvicorn.Config(app, host=LOOPBACK, port=port, log_level="warning")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="outsider")
    asyncio.run(serve(parser.parse_args().name))
