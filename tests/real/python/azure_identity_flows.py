"""Credentials of azure-identity at the emulator: azure_identity_flows.py BASE FLOW. Prints one JSON object.

Instance discovery is off, because the emulator's address is no authority that the library knows. TLS is trusted by
REQUESTS_CA_BUNDLE.
"""

import base64
import json
import os
import sys
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AuthorizationCodeCredential,
    CertificateCredential,
    ClientSecretCredential,
    DeviceCodeCredential,
    ManagedIdentityCredential,
    OnBehalfOfCredential,
)

from certificate import certificate

BASE, FLOW = sys.argv[1:]
TENANT = "contoso.example"
CLIENT = "11112222-3333-4444-8555-666677778888"
API = "22222222-2222-4222-8222-222222222222"
GRAPH = "https://graph.microsoft.com/.default"
ARM = "https://management.azure.com/.default"
AT = {"authority": BASE, "disable_instance_discovery": True}


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def summary(credential, scope, **more):
    try:
        found = claims(credential.get_token(scope, **more).token)
    except ClientAuthenticationError as error:
        return {"text": error.message}
    return {
        "aud": found["aud"],
        "user": found.get("upn"),
        "kind": found.get("idtyp"),
        "appidacr": found["appidacr"],
        "acrs": found.get("acrs"),
    }


def authorization_code(scope):
    query = {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": "http://localhost:1",
        "scope": scope + " offline_access",
    }
    url = f"{BASE}/{TENANT}/oauth2/v2.0/authorize?{urlencode(query)}"
    page = requests.get(url, allow_redirects=False, timeout=30)
    return parse_qs(urlsplit(page.headers["location"]).query)["code"][0]


def device():
    credential = DeviceCodeCredential(CLIENT, tenant_id=TENANT, prompt_callback=lambda *_: None, **AT)
    challenge = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
    return {
        "first": summary(credential, GRAPH),
        "second_resource": summary(credential, ARM),
        "challenge": summary(credential, GRAPH, claims=challenge),
    }


def code():
    first = authorization_code(GRAPH)
    credential = AuthorizationCodeCredential(TENANT, CLIENT, first, "http://localhost:1", **AT)
    return {"first": summary(credential, GRAPH), "again": summary(credential, GRAPH)}


def secret():
    return {
        "first": summary(ClientSecretCredential(TENANT, API, "a~secret", **AT), ARM),
        "wrong": summary(ClientSecretCredential(TENANT, API, "wrong", **AT), ARM),
    }


def by_certificate():
    made = certificate()
    data = (made["key"] + made["certificate"]).encode()
    credential = CertificateCredential(TENANT, API, certificate_data=data, **AT)
    return {"first": summary(credential, ARM)}


def on_behalf_of():
    front = AuthorizationCodeCredential(
        TENANT, CLIENT, authorization_code(f"api://{API}/Orders.Read"), "http://localhost:1", **AT
    )
    received = front.get_token(f"api://{API}/Orders.Read").token
    credential = OnBehalfOfCredential(TENANT, API, client_secret="a~secret", user_assertion=received, **AT)
    return {"first": summary(credential, GRAPH)}


def managed_identity():
    os.environ["IDENTITY_ENDPOINT"] = BASE + "/msi/token"
    os.environ["IDENTITY_HEADER"] = "a header"
    app_service = summary(ManagedIdentityCredential(), ARM)
    del os.environ["IDENTITY_ENDPOINT"], os.environ["IDENTITY_HEADER"]
    os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = BASE
    return {"app_service": app_service, "virtual_machine": summary(ManagedIdentityCredential(), ARM)}


FLOWS = {
    "device": device,
    "code": code,
    "secret": secret,
    "certificate": by_certificate,
    "on_behalf_of": on_behalf_of,
    "managed_identity": managed_identity,
}
print(json.dumps(FLOWS[FLOW]()))
