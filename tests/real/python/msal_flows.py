"""Every flow of MSAL for Python at the emulator: msal_flows.py BASE FLOW. Prints one JSON object.

BASE is the emulator's address. MSAL is unmodified; the emulator's address is no authority that it knows, so instance discovery is
off. TLS is trusted by REQUESTS_CA_BUNDLE.
"""

import base64
import json
import sys
from urllib.parse import parse_qs, urlsplit

import msal
import requests

from certificate import certificate

BASE, FLOW = sys.argv[1:]
TENANT = BASE + "/contoso.example"
CLIENT = "11112222-3333-4444-8555-666677778888"
API = "22222222-2222-4222-8222-222222222222"
USER = "ada@contoso.example"
GRAPH = ["https://graph.microsoft.com/User.Read"]
ARM = ["https://management.azure.com/user_impersonation"]


class WithPort(requests.Session):
    """Adds the port to the request for the user's realm, for which MSAL takes the authority's name alone."""

    def request(self, method, url, **more):
        return super().request(method, url.replace("https://localhost/", BASE + "/"), **more)


def public(client_id=CLIENT, **more):
    return msal.PublicClientApplication(client_id, authority=TENANT, instance_discovery=False, **more)


def confidential(credential, client_id=API):
    return msal.ConfidentialClientApplication(
        client_id, client_credential=credential, authority=TENANT, instance_discovery=False
    )


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def get(path, token):
    answer = requests.get(BASE + path, headers={"Authorization": "Bearer " + token}, timeout=30)
    return answer.status_code


def summary(result):
    """What the tests look at, without a secret."""
    if "access_token" not in result:
        return {"error": result.get("error"), "codes": result.get("error_codes"), "text": result.get("error_description")}
    found = claims(result["access_token"])
    return {
        "aud": found["aud"],
        "user": found.get("upn"),
        "kind": found.get("idtyp"),
        "appidacr": found["appidacr"],
        "scp": found.get("scp"),
        "acrs": found.get("acrs"),
        "source": result.get("token_source"),
        "refresh_token": "refresh_token" in result,
        "id_token": "id_token" in result,
    }


def by_code(application, scopes):
    flow = application.initiate_auth_code_flow(scopes, redirect_uri="http://localhost:1", response_mode="query")
    page = requests.get(flow["auth_uri"], allow_redirects=False, timeout=30)
    query = {name: text[0] for name, text in parse_qs(urlsplit(page.headers["location"]).query).items()}
    return application.acquire_token_by_auth_code_flow(flow, query)


def device():
    application = public()
    flow = application.initiate_device_flow(GRAPH)
    result = application.acquire_token_by_device_flow(flow)
    return {"first": summary(result), "me": get("/v1.0/me", result["access_token"])}


def code():
    return {"first": summary(by_code(public(), GRAPH))}


def silent():
    application = public()
    first = by_code(application, GRAPH)
    account = application.get_accounts()[0]
    return {
        "first": summary(first),
        "account": account["username"],
        "cached": summary(application.acquire_token_silent_with_error(GRAPH, account)),
        "refreshed": summary(application.acquire_token_silent_with_error(GRAPH, account, force_refresh=True)),
        "second_resource": summary(application.acquire_token_silent_with_error(ARM, account)),
    }


def secret():
    right, wrong = confidential("a~secret"), confidential("wrong")
    scopes = ["https://graph.microsoft.com/.default"]
    first = right.acquire_token_for_client(scopes)
    return {
        "first": summary(first),
        "again": summary(right.acquire_token_for_client(scopes)),
        "users": get("/v1.0/users", first["access_token"]),
        "wrong": summary(wrong.acquire_token_for_client(scopes)),
    }


def by_certificate():
    credential = certificate()
    application = confidential({"private_key": credential["key"], "public_certificate": credential["certificate"]})
    return {"first": summary(application.acquire_token_for_client(["https://vault.azure.net/.default"]))}


def on_behalf_of():
    front = by_code(public(), [f"api://{API}/Orders.Read"])
    application = confidential("a~secret")
    other = by_code(public(), GRAPH)
    return {
        "front": summary(front),
        "first": summary(application.acquire_token_on_behalf_of(front["access_token"], GRAPH)),
        "other_audience": summary(application.acquire_token_on_behalf_of(other["access_token"], GRAPH)),
    }


def password():
    application = public(http_client=WithPort())
    first = application.acquire_token_by_username_password(USER, "any password", GRAPH)
    wrong = application.acquire_token_by_username_password(USER, "wrong", GRAPH)
    return {"first": summary(first), "wrong": summary(wrong)}


def challenge():
    # The scenario `claims-challenge`: Graph refuses a token until its claims are asked for.
    application = public("e1a7a000-0000-4000-8000-000000000038", client_capabilities=["CP1"])
    first = by_code(application, GRAPH)
    answer = requests.get(BASE + "/v1.0/me", headers={"Authorization": "Bearer " + first["access_token"]}, timeout=30)
    asked = answer.headers["www-authenticate"].split('claims="')[1].split('"')[0]
    asked = base64.b64decode(asked).decode()
    account = application.get_accounts()[0]
    second = application.acquire_token_silent_with_error(GRAPH, account, claims_challenge=asked)
    return {
        "refused": answer.status_code,
        "first": summary(second),
        "me": get("/v1.0/me", second["access_token"]),
    }


FLOWS = {
    "device": device,
    "code": code,
    "silent": silent,
    "secret": secret,
    "certificate": by_certificate,
    "on_behalf_of": on_behalf_of,
    "password": password,
    "challenge": challenge,
}
print(json.dumps(FLOWS[FLOW]()))
