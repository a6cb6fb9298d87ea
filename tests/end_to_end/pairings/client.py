"""Runs every operation of A2A with the official Python SDK: client.py URL INTERFACE...

URL is what the agent's card is beneath; an INTERFACE is a binding and a version, as in JSONRPC/1.0.
Prints one JSON object: for each interface the steps that were taken. A step has its operation,
whether the SDK sent a request for it, and what came back.
"""

import asyncio
import json
import sys
import uuid

import grpc
import httpx
from a2a.client import ClientConfig, ClientFactory
from a2a.client.card_resolver import A2ACardResolver
from a2a.helpers import new_text_message
from a2a.types import (
    AgentCard,
    CancelTaskRequest,
    DeleteTaskPushNotificationConfigRequest,
    GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest,
    GetTaskRequest,
    ListTaskPushNotificationConfigsRequest,
    ListTasksRequest,
    Role,
    SendMessageRequest,
    SubscribeToTaskRequest,
    TaskPushNotificationConfig,
)
from a2a.utils.errors import A2AError
from google.protobuf.json_format import MessageToDict

HOOK = "http://127.0.0.1:9/hook"
PATIENCE_SECS = 30


class Transcript:
    """What was asked in which order, and what came of it."""

    def __init__(self):
        self.steps = []

    async def take(self, step, operation, call):
        """Waits for `call`, notes what came back, and returns it; `None` for an error."""
        taken = {"step": step, "operation": operation, "sent": True}
        self.steps.append(taken)
        try:
            answer = await asyncio.wait_for(call, PATIENCE_SECS)
        except NotImplementedError as error:
            answer = None
            taken.update(sent=False, error={"type": "NotImplementedError", "message": str(error)})
        except A2AError as error:
            answer = None
            taken["error"] = {
                "type": type(error).__name__,
                "message": error.message,
                "data": error.data,
            }
        else:
            taken["answer"] = shown(answer)
        return answer


def shown(answer):
    if isinstance(answer, list):
        return [shown(event) for event in answer]
    return None if answer is None else MessageToDict(answer)


def message(text, context, **configuration):
    told = new_text_message(text, context_id=context, role=Role.ROLE_USER)
    return SendMessageRequest(message=told, configuration=configuration)


async def collected(events):
    return [event async for event in events]


async def only(events):
    (answer,) = await collected(events)
    return answer


async def watched(client, task, transcript):
    """Subscribes to a task, has it cancelled once the subscription stands, and reads on."""
    events = []
    async for event in client.subscribe(SubscribeToTaskRequest(id=task)):
        events.append(event)
        if len(events) == 1:
            request = CancelTaskRequest(id=task)
            cancelled = asyncio.create_task(
                transcript.take("cancel", "cancel", client.cancel_task(request))
            )
    await cancelled
    return events


async def run(unary, streaming):
    """Every operation, on a client that does not stream and one that does."""
    context, transcript = str(uuid.uuid4()), Transcript()
    take = transcript.take

    await take("hello", "send", only(unary.send_message(message("hello", context))))
    done = await take("work", "send", only(unary.send_message(message("work", context))))
    await take("stream", "stream", collected(streaming.send_message(message("work", context))))

    wait = message("wait", context, return_immediately=True)
    started = await take("wait", "send", only(unary.send_message(wait)))
    task = started.task.id
    await take("get", "get", unary.get_task(GetTaskRequest(id=task)))
    await take("list", "list", unary.list_tasks(ListTasksRequest(context_id=context)))

    config = TaskPushNotificationConfig(task_id=task, id="hook", url=HOOK, token="secret")
    one = {"task_id": task, "id": "hook"}
    every = ListTaskPushNotificationConfigsRequest(task_id=task)
    create = unary.create_task_push_notification_config(config)
    await take("push_create", "push_create", create)
    get = unary.get_task_push_notification_config(GetTaskPushNotificationConfigRequest(**one))
    await take("push_get", "push_get", get)
    await take("push_list", "push_list", unary.list_task_push_notification_configs(every))
    delete = DeleteTaskPushNotificationConfigRequest(**one)
    await take("push_delete", "push_delete", unary.delete_task_push_notification_config(delete))
    left = unary.list_task_push_notification_configs(every)
    await take("push_list_after", "push_list", left)

    await take("subscribe", "subscribe", watched(streaming, task, transcript))
    await take("get_after", "get", unary.get_task(GetTaskRequest(id=task)))

    over = done.task.id
    await take("refused_cancel", "cancel", unary.cancel_task(CancelTaskRequest(id=over)))
    ended = collected(streaming.subscribe(SubscribeToTaskRequest(id=over)))
    await take("refused_subscribe", "subscribe", ended)
    unknown = GetTaskRequest(id=str(uuid.uuid4()))
    await take("refused_get", "get", unary.get_task(unknown))

    asked = unary.get_extended_agent_card(GetExtendedAgentCardRequest())
    await take("extended_card", "extended_card", asked)
    return transcript.steps


def through(card, interface):
    """The card with no other interface than this one."""
    binding, version = interface.rsplit("/", 1)
    narrowed = AgentCard()
    narrowed.CopyFrom(card)
    del narrowed.supported_interfaces[:]
    narrowed.supported_interfaces.extend(
        offered
        for offered in card.supported_interfaces
        if (offered.protocol_binding, offered.protocol_version) == (binding, version)
    )
    return narrowed, binding


async def main(url, interfaces):
    transcripts = {}
    async with httpx.AsyncClient(timeout=PATIENCE_SECS) as http:
        card = await A2ACardResolver(http, url).get_agent_card()
        for interface in interfaces:
            narrowed, binding = through(card, interface)
            unary, streaming = (
                ClientFactory(
                    ClientConfig(
                        httpx_client=http,
                        streaming=streams,
                        supported_protocol_bindings=[binding],
                        grpc_channel_factory=grpc.aio.insecure_channel,
                    )
                ).create(narrowed)
                for streams in (False, True)
            )
            transcripts[interface] = await run(unary, streaming)
    print(json.dumps({"url": url, "card": MessageToDict(card), "steps": transcripts}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
