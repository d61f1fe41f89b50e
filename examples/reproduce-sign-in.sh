#!/bin/bash
# Shows what a user sees while signing in, with what is sent meanwhile, and keeps both for a report.
#
# usage: examples/reproduce-sign-in.sh [FILE]
#   FILE: what the user sent you, judged first: the text of an error page, an OAuth error, a token response
#
# Set ENTRADA_CLIENT_ID, ENTRADA_TENANT and ENTRADA_JOB (or ENTRADA_SCOPE) to what the user's program asks for.
set -uo pipefail
: "${ENTRADA:=entrada}"

if [ $# -gt 0 ]; then
    echo "== what the user sent"
    "$ENTRADA" diagnose "$1"
fi

echo "== the sign-in, with nothing kept"
# -vv names hosts, paths, statuses and the members of each request, and hides tokens and device codes. The code that
# the user types stands in the log too; it is of no use once the sign-in is over.
"$ENTRADA" login --store memory -vv --output json 2>&1 >sign-in.json | tee sign-in.log
code=${PIPESTATUS[0]}

echo "== how it ended"
"$ENTRADA" explain exit "$code"
echo "kept in sign-in.log and sign-in.json"
exit "$code"
