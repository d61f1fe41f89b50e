"""What azure-identity makes of the `az` on PATH: azure_cli.py SCOPE [TENANT]. Prints one JSON object."""

import json
import sys

from azure.identity import AzureCliCredential, CredentialUnavailableError

scope, *tenant = sys.argv[1:]
try:
    # The tenant as an SDK names it: for all that the credential is asked for.
    with AzureCliCredential(tenant_id=tenant[0] if tenant else "") as credential:
        token = credential.get_token(scope)
        info = credential.get_token_info(scope)
    print(
        json.dumps(
            {
                "token": token.token,
                "expires_on": token.expires_on,
                "info": {"token": info.token, "expires_on": info.expires_on, "token_type": info.token_type},
            }
        )
    )
except CredentialUnavailableError as error:
    print(json.dumps({"unavailable": error.message}))
