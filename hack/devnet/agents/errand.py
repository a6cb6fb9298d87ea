"""An agent with one errand: has another agent answer it, through the runtime, and prints the answer.

Asks again while nobody answers: the other agent may start later. Prints one line, `errand: ` and
what `ask.py` prints, and then stays, as an agent does.
"""

import argparse
import asyncio
import json
import os

from ask import ask

PAUSE_SECS = 0.5
STREAMS = True


async def run(peer: str, text: str) -> None:
    """Asks `peer` until it answers."""
    url = f"{os.environ['CLOISTER_SURFACE']}/agents/{peer}/"
    while True:
        try:
            answer = await ask(url, text, "JSONRPC", STREAMS)
            break
        except Exception as error:  # Whatever the SDK makes of a peer that is not there yet.
            print(f"not yet: {type(error).__name__}", flush=True)
            await asyncio.sleep(PAUSE_SECS)
    print("errand:", json.dumps(answer), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--text", required=True)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.peer, arguments.text))


if __name__ == "__main__":
    main()
