"""Asks an agent something with the official Python SDK's client, and prints one JSON line.

{"card": NAME, "interfaces": [URL, ...], "events": N, "text": WHAT CAME BACK}
"""

import argparse
import asyncio
import json

from a2a.client import ClientConfig, create_client
from a2a.client.card_resolver import A2ACardResolver
from a2a.helpers import get_stream_response_text, new_text_message
from a2a.types import Role, SendMessageRequest
import httpx


async def ask(url: str, text: str, binding: str, stream: bool) -> dict[str, object]:
    """Resolves the card below `url`, sends `text`, and collects what comes back."""
    async with httpx.AsyncClient(timeout=30) as http:
        card = await A2ACardResolver(http, url).get_agent_card()
        config = ClientConfig(
            httpx_client=http,
            streaming=stream,
            supported_protocol_bindings=[binding],
            use_client_preference=True,
        )
        client = await create_client(card, config)
        request = SendMessageRequest(message=new_text_message(text, role=Role.ROLE_USER))
        events, answer = 0, ""
        async for event in client.send_message(request):
            events += 1
            if event.HasField("task") and not stream:
                answer = "".join(
                    part.text for artifact in event.task.artifacts for part in artifact.parts
                )
            elif event.HasField("artifact_update"):
                answer += get_stream_response_text(event)
        return {
            "card": card.name,
            "interfaces": [interface.url for interface in card.supported_interfaces],
            "events": events,
            "text": answer,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("text")
    parser.add_argument("--binding", default="JSONRPC", choices=["JSONRPC", "HTTP+JSON"])
    parser.add_argument("--stream", action="store_true")
    arguments = parser.parse_args()
    answer = ask(arguments.url, arguments.text, arguments.binding, arguments.stream)
    print(json.dumps(asyncio.run(answer)))


if __name__ == "__main__":
    main()
