"""The demo's agent on the official Python SDK, unaware of Cloister.

Listens on loopback in plain HTTP with both HTTP bindings of A2A 1.0. Says back what it is told,
in upper case, one word an event; `tick N` streams N events, 50 ms apart.
"""

import argparse
import asyncio
import os

import uvicorn
from a2a.helpers import new_task_from_user_message, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from starlette.applications import Starlette

TICK_SECS = 0.05
TICKS_MAX = 10_000


def answer(text: str) -> tuple[list[str], float]:
    """What to say, a word at a time, and how long to wait before each."""
    word, _, count = text.partition(" ")
    if word == "tick" and count.strip().isdigit():
        ticks = min(int(count), TICKS_MAX)
        return [f"tick {n} " for n in range(1, ticks + 1)], TICK_SECS
    return [f"{word.upper()} " for word in text.split()], 0.0


class Shout(AgentExecutor):
    """Answers every message with the same words, louder."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        task = context.current_task or new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        words, pause = answer(context.get_user_input())
        for at, word in enumerate(words):
            await asyncio.sleep(pause)
            await updater.add_artifact(
                [new_text_part(word)], artifact_id="answer", name="answer", append=at > 0
            )
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def card(name: str, port: int) -> AgentCard:
    """The agent's card, which names loopback: Cloister rewrites it for peers."""
    base = f"http://127.0.0.1:{port}"
    return AgentCard(
        name=name,
        description="Says it back, louder.",
        version="0.1.0",
        supported_interfaces=[
            AgentInterface(
                url=f"{base}/jsonrpc", protocol_binding="JSONRPC", protocol_version="1.0"
            ),
            AgentInterface(
                url=f"{base}/rest", protocol_binding="HTTP+JSON", protocol_version="1.0"
            ),
        ],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[
            AgentSkill(
                id="shout",
                name="Shout",
                description="Returns the text in upper case.",
                tags=["text"],
            )
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, default=os.environ.get("A2A_PORT"))
    arguments = parser.parse_args()
    if arguments.port is None:
        parser.error("give --port, or set A2A_PORT")
    agent_card = card(arguments.name, arguments.port)
    handler = DefaultRequestHandler(
        agent_executor=Shout(), task_store=InMemoryTaskStore(), agent_card=agent_card
    )
    app = Starlette(
        routes=[
            *create_agent_card_routes(agent_card),
            *create_jsonrpc_routes(handler, rpc_url="/jsonrpc"),
            *create_rest_routes(handler, path_prefix="/rest"),
        ]
    )
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
