#!/bin/sh
# Gets a token where nobody is at the keyboard, and tells the failures apart. For cron and the like:
#   */30 * * * * ENTRADA_PROFILE=work /path/to/refresh-in-script.sh
#
# Sign in once beforehand, with the same settings: `entrada login work`.
set -u
: "${ENTRADA:=entrada}"

# Good for ten minutes at least, so that it does not end half-way through the work.
token=$("$ENTRADA" token --no-interactive --min-ttl 10m)
code=$?

case $code in
0) ;;
3) echo "sign in first: entrada login" >&2 ;;
5) echo "refused: see above, and who can mend it" >&2 ;;
6 | 9) echo "not now: the next run tries again" >&2 ;;
7) echo "the store of tokens is locked or broken" >&2 ;;
*) echo "entrada ended with $code: entrada explain exit $code" >&2 ;;
esac
[ "$code" -eq 0 ] || exit "$code"

# The work. Never put the token on a command line.
printf 'got a token of %s characters\n' "$(printf %s "$token" | wc -c)"
