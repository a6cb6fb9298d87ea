// Verifies an agent's card with the official JavaScript SDK: node verify.mjs BASE_URL, the key that
// has to have signed it, a JWK, on stdin. How a lease leads to that key, verify.py shows.

import { readFileSync } from "node:fs";
import { AGENT_CARD_PATH, verifyAgentCardSignature } from "@a2a-js/sdk";
import { DefaultAgentCardResolver } from "@a2a-js/sdk/client";

// A card has a signature for each reading of the specification, and the SDK tells on standard output
// of those that are not of its own.
console.debug = () => {};
const key = JSON.parse(readFileSync(0, "utf8"));
const card = await new DefaultAgentCardResolver().resolve(process.argv[2], AGENT_CARD_PATH);
try {
  await verifyAgentCardSignature(async () => key)(card);
  console.log(JSON.stringify(card.name));
} catch (refused) {
  console.error(`refused: ${refused.message}`);
  process.exitCode = 1;
}
