#!/bin/sh
# Tests a token from a terminal: gets one, judges it, then shows it to the service.
#
# Settings come from a profile or from variables (docs: config.example.toml), for example
#   ENTRADA_PROFILE=work examples/test-token.sh
#   ENTRADA_CLIENT_ID=… ENTRADA_TENANT=… URL=https://graph.microsoft.com/v1.0/me examples/test-token.sh
set -eu
: "${ENTRADA:=entrada}"
: "${URL:=https://graph.microsoft.com/v1.0/me/messages}"

# Stored, renewed, or by sign-in; only the token goes to standard output.
token=$("$ENTRADA" token)

# Code 10: an error was found. What it says is more than the service's 401 or 403 will.
printf '%s\n' "$token" | "$ENTRADA" diagnose

# On standard input, because a command line can be read by every user of the machine.
printf 'header = "Authorization: Bearer %s"\n' "$token" |
    curl --silent --show-error --config - --output /dev/null --write-out '%{http_code} %{url}\n' "$URL"
