"""Verifies an agent's card with the official Python SDK: verify.py BASE_URL, a lease on stdin.

The key is the one that the card's attestation extension leads to: the lease names an identity key,
and the identity key states whose the key is that signed the card. Prints the extension's parameters.
"""

import asyncio
import base64
import hashlib
import json
import sys

import httpx
import jwt
from a2a.client.card_resolver import A2ACardResolver
from a2a.utils.signing import SignatureVerificationError, create_signature_verifier
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SIMULATED = "tag:cloister.invalid,2026:a2a/simulated/1"
STATEMENT = "vnd.cloister.card-key+jwt"


def attestation(card):
    """The parameters of the attestation extension."""
    extensions = card["capabilities"]["extensions"]
    (params,) = [found["params"] for found in extensions if found["uri"] == SIMULATED]
    return params


def card_key(signer, lease):
    """The key that signs cards, from the identity key that `lease`, verified already, names."""
    identity = jwt.PyJWK(signer["identityKey"], algorithm="ES256")
    spki = identity.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if hashlib.sha384(spki).hexdigest() != lease["cnf"]["cloister.identity-key"]:
        raise jwt.InvalidTokenError("the lease names another identity key")
    if jwt.get_unverified_header(signer["statement"])["typ"] != STATEMENT:
        raise jwt.InvalidTokenError("not a statement about a card's key")
    stated = jwt.decode(signer["statement"], identity, algorithms=["ES256"])
    return stated["cnf"]["jwk"]


def thumbprint(jwk):
    """RFC 7638."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


async def verified(base, lease):
    """The extension's parameters, once the SDK has verified the card."""
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await http.get(f"{base}/.well-known/agent-card.json")
        params = attestation(answer.raise_for_status().json())
        jwk = card_key(params["signer"], lease)
        keys = {thumbprint(jwk): jwt.PyJWK(jwk, algorithm="ES256")}

        def key_of(kid, jku):
            if kid not in keys:
                raise jwt.InvalidKeyError("signed with another key")
            return keys[kid]

        verifier = create_signature_verifier(key_of, ["ES256"])
        await A2ACardResolver(http, base).get_agent_card(signature_verifier=verifier)
        return params


if __name__ == "__main__":
    try:
        print(json.dumps(asyncio.run(verified(sys.argv[1], json.load(sys.stdin)))))
    except (SignatureVerificationError, jwt.PyJWTError) as refused:
        sys.exit(f"refused: {type(refused).__name__}: {refused}")
