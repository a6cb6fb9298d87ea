"""An agent on the official Python SDK that notifies webhooks, unaware of Cloister.

Listens on loopback with JSON-RPC and HTTP+JSON of A2A 1.0. Says `work` back in two artifacts; a task
of anything else lasts until it is cancelled. Nothing of the SDK's push notifications is changed.
"""

import argparse
import asyncio
import os

import httpx
import uvicorn
from a2a.helpers import new_task_from_user_message, new_text_part
from a2a.server.agent_execution import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from a2a.server.tasks import (
    BasePushNotificationSender,
    InMemoryPushNotificationConfigStore,
    InMemoryTaskStore,
    TaskUpdater,
)
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from starlette.applications import Starlette


class Worker(AgentExecutor):
    """Works, or waits."""

    async def execute(self, context, event_queue):
        task = context.current_task or new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        if context.get_user_input() != "work":
            await asyncio.Event().wait()
        for at, word in enumerate(["one", "two"]):
            await updater.add_artifact([new_text_part(word)], artifact_id="words", append=at > 0)
        await updater.complete()

    async def cancel(self, context, event_queue):
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def card(name, port):
    """The agent's card, which names loopback: Cloister rewrites it for peers."""
    base = f"http://127.0.0.1:{port}"
    return AgentCard(
        name=name,
        description="Works, and says so.",
        version="0.1.0",
        supported_interfaces=[
            AgentInterface(url=f"{base}/{path}", protocol_binding=binding, protocol_version="1.0")
            for binding, path in (("JSONRPC", "jsonrpc"), ("HTTP+JSON", "rest"))
        ],
        capabilities=AgentCapabilities(streaming=True, push_notifications=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="work", name="Work", description="Works.", tags=["test"])],
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    name, port = parser.parse_args().name, int(os.environ["A2A_PORT"])
    store = InMemoryPushNotificationConfigStore()
    handler = DefaultRequestHandler(
        agent_executor=Worker(),
        task_store=InMemoryTaskStore(),
        agent_card=card(name, port),
        push_config_store=store,
        push_sender=BasePushNotificationSender(httpx.AsyncClient(), store),
    )
    app = Starlette(
        routes=[
            *create_agent_card_routes(card(name, port)),
            *create_jsonrpc_routes(handler, rpc_url="/jsonrpc"),
            *create_rest_routes(handler, path_prefix="/rest"),
        ]
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
