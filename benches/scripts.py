"""scripts.py ENTRADA FOLDER SECTION HELLO BARE_POST PYTHON: measures `entrada token` beside others, and writes the section."""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from common import Desk, Emulator, item_name, join_session_keyring, peak, run, side_by_side, when

entrada, folder, section, hello, bare_post, python = sys.argv[1:7]
folder = Path(folder)
msal = [python, str(Path(__file__).parent / "msal_token.py")]
MSAL_RUNS = 25


def in_kernel(env):
    """A bare process and a token from the kernel's keys."""
    join_session_keyring()
    run([entrada, "login"], env)
    return side_by_side([hello, f"{entrada} token"], folder, 400, env)


def version(module):
    return run([python, "-c", f"import importlib.metadata as m; print(m.version('{module}'))"])


with tempfile.TemporaryDirectory() as place, Desk(Path(place)) as desk, Emulator(entrada, folder) as emulator:
    env = desk.env | emulator.settings()
    # Entra's users name no certificates: so the emulator's stands among the system's, for both sides.
    trusted = folder / "trusted.pem"
    trusted.write_bytes(Path("/etc/ssl/certs/ca-certificates.crt").read_bytes() + emulator.ca.read_bytes())
    del env["ENTRADA_CA_BUNDLE"]
    env["SSL_CERT_FILE"] = str(trusted)
    stores = {store: env | {"ENTRADA_STORE": store} for store in ("keyring", "file", "keyutils")}
    for store in ("keyring", "file"):
        run([entrada, "login"], stores[store])
    name = item_name(entrada, stores["keyring"])
    record = json.loads(run(["secret-tool", "lookup", "service", "entrada", "account", name], env).split("\n", 1)[1])
    size = len(run(["secret-tool", "lookup", "service", "entrada", "account", name], env))
    seeded = subprocess.run([*msal, "seed"], env=env, input=record["refresh_token"], capture_output=True, text=True)
    assert seeded.returncode == 0, seeded.stderr
    form = folder / "form"
    form.write_text(urlencode({
        "grant_type": "refresh_token", "client_id": env["ENTRADA_CLIENT_ID"], "refresh_token": record["refresh_token"],
        "scope": "https://graph.microsoft.com/Mail.Read offline_access openid profile", "client_info": "1",
    }))
    token = f"{entrada} token"
    lookup = f"secret-tool lookup service entrada account {name}"
    bare, told, keyring, tool = side_by_side([hello, f"{entrada} --version", token, lookup], folder, 400, stores["keyring"])
    bare_too, file = side_by_side([hello, token], folder, 400, stores["file"])
    # The kernel's keys are those of a session, so all that is done with them is done in one.
    with ProcessPoolExecutor(1) as session:
        bare_three, keyutils = session.submit(in_kernel, stores["keyutils"]).result()
    (theirs,) = side_by_side([" ".join([*msal, "cached"])], folder, MSAL_RUNS, env, warmup=2)
    weights = {store: peak([entrada, "token"], folder, stores[store]) for store in ("keyring", "file")}

    refresh = f"{token} --force-refresh"
    post = f"{bare_post} {emulator.base}/organizations/oauth2/v2.0/token {form}"
    posted, by_file = side_by_side([post, refresh], folder, 100, stores["file"])
    (by_keyring,) = side_by_side([refresh], folder, 100, stores["keyring"])
    (their_refresh,) = side_by_side([" ".join([*msal, "refresh"])], folder, MSAL_RUNS, env, warmup=2)

text = f"""## In scripts

{when()}. Medians of {MSAL_RUNS} runs for MSAL, 400 for cached tokens, 100 for refreshes; each beside its reference in the same
minute. MSAL is MSAL Python {version("msal")} with msal-extensions {version("msal-extensions")} and libsecret, one process for one token.

A stored token that is still good, from gnome-keyring (an item of {size:,} bytes), from an encrypted file, from the kernel's keys:

| | ms | |
| --- | --- | --- |
| bare Rust process | {bare:.2f} | 1 |
| `entrada --version` | {told:.2f} | {told / bare:.2f} times the bare process |
| `entrada token`, `file` | {file:.2f} | {file / bare_too:.2f} times the bare process |
| `entrada token`, `keyutils` | {keyutils:.2f} | {keyutils / bare_three:.2f} times the bare process |
| `secret-tool lookup` of the same item | {tool:.2f} | 1 |
| `entrada token`, `keyring` | {keyring:.2f} | {keyring / tool:.2f} times `secret-tool` |
| MSAL Python | {theirs:.0f} | {theirs / keyring:.0f} times `entrada token` |

Memory at the most: {weights["keyring"]:.1f} MiB with the keyring, {weights["file"]:.1f} MiB with the file.

What `entrada token` does beyond `--version`, which reads nothing and starts no parser, counted once (2026-12-01, the encrypted file,
callgrind and strace): 1.33 million instructions on top of 0.72 million, 114 system calls on top of 74, and 96 page faults on top of 183.

| instructions, millions | part |
| --- | --- |
| 0.36 | clap: the description of the command line, its parser, and their end |
| 0.46 | the item: read, decrypted and parsed; 0.24 of it is a SHA-256, which callgrind runs without the processor's own instructions |
| 0.29 | the configuration: read, and parsed as TOML; 0.16 of it was clap's description of all settings, of which only the names are needed. It is made without clap since |
| 0.22 | the key file, the list of accounts, the defaults of the application, the request, the output |

The system calls are the checks of each folder on the way to the configuration and the key file (about 40), the search of six folders for
files that a killed run left (27), and the files themselves.

A refresh, by TLS with the system's certificates in one file, from an emulator on this machine:

| | ms | |
| --- | --- | --- |
| one POST by a bare Rust program with reqwest | {posted:.1f} | 1 |
| `entrada token --force-refresh`, `file` | {by_file:.1f} | {by_file / posted:.2f} times the bare POST |
| `entrada token --force-refresh`, `keyring` | {by_keyring:.1f} | {by_keyring / posted:.2f} times the bare POST |
| MSAL Python | {their_refresh:.0f} | {their_refresh / by_keyring:.0f} times `entrada` with the keyring, {their_refresh / by_file:.0f} times with the file |
"""
Path(section).write_text(text)
print(text)
