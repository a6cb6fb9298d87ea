// Checks a lease on standard input: NODE_EXTRA_CA_CERTS=trust.pem node lease.mjs VERIFIER TRUST_DOMAIN

import { readFileSync } from "node:fs";
import { createLocalJWKSet, errors, jwtVerify } from "jose";

async function leaseKeys(verifier) {
  const answer = await fetch(`${verifier}/.well-known/jwks.json`);
  if (!answer.ok) throw new Error(`the key set answers ${answer.status}`);
  const { keys } = await answer.json();
  return createLocalJWKSet({ keys: keys.filter((key) => key["cloister.use"] === "lease") });
}

async function check(token, keys, trustDomain) {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ["ES256"],
    typ: "vnd.cloister.lease+jwt",
    issuer: `spiffe://${trustDomain}`,
    requiredClaims: ["sub", "iat", "exp", "cnf"],
  });
  return payload;
}

const [verifier, trustDomain] = process.argv.slice(2);
try {
  const keys = await leaseKeys(verifier);
  console.log(JSON.stringify(await check(readFileSync(0, "utf8").trim(), keys, trustDomain)));
} catch (refused) {
  if (!(refused instanceof errors.JOSEError)) throw refused;
  console.error(`refused: ${refused.code}: ${refused.message}`);
  process.exitCode = 1;
}
