"""msal_token.py seed|cached|refresh: a token by MSAL Python with its cache in libsecret, as its documentation has it."""

import os
import sys

import msal
import msal_extensions

cache = msal_extensions.PersistedTokenCache(
    msal_extensions.LibsecretPersistence(
        os.path.expanduser("~/msal.signal"), schema_name="msal", attributes={"bench": "msal"}, label="msal"
    )
)
app = msal.PublicClientApplication(
    os.environ["ENTRADA_CLIENT_ID"],
    authority=f"{os.environ['ENTRADA_AUTHORITY']}/organizations",
    token_cache=cache,
    verify=os.environ.get("SSL_CERT_FILE") or os.environ["ENTRADA_CA_BUNDLE"],
    instance_discovery=False,
)
scopes = ["https://graph.microsoft.com/Mail.Read"]
if sys.argv[1] == "seed":
    answer = app.acquire_token_by_refresh_token(sys.stdin.read(), scopes)
else:
    account = app.get_accounts()[0]
    answer = app.acquire_token_silent(scopes, account=account, force_refresh=sys.argv[1] == "refresh")
print(answer["access_token"])
