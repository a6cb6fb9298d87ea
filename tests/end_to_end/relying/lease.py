"""Checks a lease on standard input: lease.py VERIFIER TRUST_PEM TRUST_DOMAIN"""

import json
import ssl
import sys
import urllib.request

import jwt


def lease_keys(verifier, trust_pem):
    context = ssl.create_default_context(cafile=trust_pem)
    with urllib.request.urlopen(f"{verifier}/.well-known/jwks.json", context=context) as answer:
        listed = json.load(answer)["keys"]
    return {key["kid"]: jwt.PyJWK(key) for key in listed if key.get("cloister.use") == "lease"}


def check(token, keys, trust_domain):
    header = jwt.get_unverified_header(token)
    if header.get("typ") != "vnd.cloister.lease+jwt" or header.get("kid") not in keys:
        raise jwt.InvalidTokenError("not a lease, or signed by an unknown key")
    return jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=["ES256"],
        issuer=f"spiffe://{trust_domain}",
        options={"require": ["iss", "sub", "iat", "exp", "cnf"]},
    )


if __name__ == "__main__":
    verifier, trust_pem, trust_domain = sys.argv[1:]
    try:
        claims = check(sys.stdin.read().strip(), lease_keys(verifier, trust_pem), trust_domain)
    except jwt.InvalidTokenError as refused:
        sys.exit(f"refused: {type(refused).__name__}: {refused}")
    print(json.dumps(claims))
