"""Calls two agents in turns with the official Python SDK's client, and prints one JSON line.

{"own": [SECONDS, ...], "reference": [SECONDS, ...]}, each of one unary call, in the order of the
calls. The first few of each are not in it.
"""

import argparse
import asyncio
import json
import time

from a2a.client import ClientConfig, create_client
from a2a.client.card_resolver import A2ACardResolver
from a2a.helpers import new_text_message
from a2a.types import Role, SendMessageRequest
import httpx

WARM_UP = 10


async def client_of(http: httpx.AsyncClient, url: str):
    """A client for the agent whose card is below `url`."""
    card = await A2ACardResolver(http, url).get_agent_card()
    config = ClientConfig(
        httpx_client=http,
        streaming=False,
        supported_protocol_bindings=["JSONRPC"],
        use_client_preference=True,
    )
    return await create_client(card, config)


async def timed(client, text: str) -> float:
    """Seconds from the call to the whole answer, which has to hold `text` in upper case."""
    request = SendMessageRequest(message=new_text_message(text, role=Role.ROLE_USER))
    begun, said = time.perf_counter(), ""
    async for event in client.send_message(request):
        said = "".join(part.text for artifact in event.task.artifacts for part in artifact.parts)
    took = time.perf_counter() - begun
    if said.strip() != text.upper():
        raise SystemExit(f"the agent answered {said!r}")
    return took


async def pairs(own_url: str, reference_url: str, count: int) -> dict[str, list[float]]:
    """So many pairs of calls."""
    times: dict[str, list[float]] = {"own": [], "reference": []}
    async with httpx.AsyncClient(timeout=30) as http:
        own, reference = await client_of(http, own_url), await client_of(http, reference_url)
        for at in range(WARM_UP + count):
            took = {"own": await timed(own, "say this"), "reference": await timed(reference, "say this")}
            if at >= WARM_UP:
                for name, seconds in took.items():
                    times[name].append(seconds)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("own")
    parser.add_argument("reference")
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(pairs(arguments.own, arguments.reference, arguments.count))))


if __name__ == "__main__":
    main()
