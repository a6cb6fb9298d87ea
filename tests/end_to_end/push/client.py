"""Has itself notified with the official Python SDK: client.py URL PORT BINDING.

URL is what the agent's card is beneath; the webhook listens at PORT of loopback. One message brings
its configuration with it, for the task of another one is created. Prints one JSON object: for each of
both what the agent shows of the configuration, and what the webhook got until the task was over.
"""

import asyncio
import json
import sys

import httpx
from a2a.client import ClientConfig, ClientFactory
from a2a.client.card_resolver import A2ACardResolver
from a2a.helpers import new_text_message
from a2a.types import (
    AuthenticationInfo,
    CancelTaskRequest,
    DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    TaskPushNotificationConfig,
)
from a2a.types.a2a_pb2 import StreamResponse
from google.protobuf.json_format import MessageToDict, Parse
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
import uvicorn

PATIENCE_SECS = 30
LAST = {"TASK_STATE_COMPLETED", "TASK_STATE_CANCELED"}
KEPT = ("x-a2a-notification-token", "authorization", "cloister-peer-agent")


class Webhook:
    """Takes notifications."""

    def __init__(self, port):
        self.port, self.got, self.changed = port, [], asyncio.Condition()

    async def take(self, request):
        body = await request.body()
        event = MessageToDict(Parse(body, StreamResponse()))
        headers = {name: request.headers[name] for name in KEPT if name in request.headers}
        async with self.changed:
            self.got.append({"path": request.url.path, "headers": headers, "event": event})
            self.changed.notify_all()
        return Response(status_code=204)

    def at(self, path):
        return [notice for notice in self.got if notice["path"] == path]

    async def until_over(self, path):
        def is_over():
            updates = [notice["event"].get("statusUpdate", {}) for notice in self.at(path)]
            return any(update.get("status", {}).get("state") in LAST for update in updates)

        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(is_over), PATIENCE_SECS)
        return self.at(path)

    def config(self, path, **more):
        return TaskPushNotificationConfig(
            url=f"http://127.0.0.1:{self.port}{path}",
            token=f"token of {path}",
            authentication=AuthenticationInfo(scheme="Bearer", credentials=f"key{path}"),
            **more,
        )


async def task_of(client, text, **configuration):
    """Sends a message, and gives the id of the task that it made."""
    request = SendMessageRequest(
        message=new_text_message(text, role=Role.ROLE_USER),
        configuration=SendMessageConfiguration(return_immediately=True, **configuration),
    )
    async for event in client.send_message(request):
        return event.task.id


async def inline(client, webhook):
    config = webhook.config("/inline", id="inline")
    task = await task_of(client, "work", task_push_notification_config=config)
    got = await webhook.until_over("/inline")
    one = GetTaskPushNotificationConfigRequest(task_id=task, id="inline")
    shown = await client.get_task_push_notification_config(one)
    return {"task": task, "shown": [MessageToDict(shown)], "got": got}


async def created(client, webhook):
    task = await task_of(client, "wait")
    config = webhook.config("/created", task_id=task, id="created")
    new = await client.create_task_push_notification_config(config)
    every = ListTaskPushNotificationConfigsRequest(task_id=task)
    listed = (await client.list_task_push_notification_configs(every)).configs
    extra = webhook.config("/deleted", task_id=task, id="deleted")
    await client.create_task_push_notification_config(extra)
    await client.delete_task_push_notification_config(
        DeleteTaskPushNotificationConfigRequest(task_id=task, id="deleted")
    )
    await client.cancel_task(CancelTaskRequest(id=task))
    got = await webhook.until_over("/created")
    shown = [MessageToDict(config) for config in (new, *listed)]
    return {"task": task, "shown": shown, "got": got, "deleted": webhook.at("/deleted")}


async def main(url, port, binding):
    webhook = Webhook(port)
    app = Starlette(routes=[Route("/{path:path}", webhook.take, methods=["POST"])])
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    async with httpx.AsyncClient(timeout=PATIENCE_SECS) as http:
        card = await A2ACardResolver(http, url).get_agent_card()
        client = ClientFactory(
            ClientConfig(
                httpx_client=http, streaming=False, supported_protocol_bindings=[binding]
            )
        ).create(card)
        both = {"inline": await inline(client, webhook), "created": await created(client, webhook)}
    server.should_exit = True
    await serving
    print(json.dumps(both))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
