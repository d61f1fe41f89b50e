"""growth.py ENTRADA FOLDER SECTION PYTHON: what 10,000 stored accounts cost a token of one, and writes the section."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from common import Desk, Emulator, item_name, own_time, run, side_by_side, when

entrada, folder, section, python = sys.argv[1:5]
folder = Path(folder)
COUNTS = (1, 1_000, 10_000)
USER = "ada@contoso.example"
SERVICE = "/org/freedesktop/secrets"


def records(text, count):
    """The grant in `text` and `count` - 1 like it, of other accounts: name, user name and text of each."""
    first = json.loads(text.split("\n", 1)[1])
    for number in range(count):
        record = json.loads(json.dumps(first))
        if number:
            account = f"{number:08d}{first['filed_under'][8:]}"
            record["filed_under"] = record["account"]["id"] = account
            record["account"]["username"] = f"user{number}@contoso.example"
        body = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        name = "|".join(record[part] for part in ("authority", "tenant", "client_id", "filed_under"))
        yield name, record, f"entrada 1 {hashlib.sha256(body.encode()).hexdigest()}\n{body}"


def listed(store, made):
    entries = [{"store": store, "authority": record["authority"], "tenant": record["tenant"],
                "client_id": record["client_id"], "account": record["filed_under"],
                "username": record["account"]["username"], "saved_at": 1} for _, record, _ in made]
    return json.dumps({"version": 1, "known": [store], "entries": entries}, indent=2)


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)


def keyring_file(items):
    """A keyring in the daemon's own text format, which it takes without a password."""
    lines = ["[keyring]", "display-name=many", "ctime=0", "mtime=0", "lock-on-idle=false", "lock-after=false", ""]
    for number, (name, text) in enumerate(items, 1):
        secret = text.replace("\\", "\\\\").replace("\n", "\\n")
        lines += [f"[{number}]", "item-type=0", f"display-name={name}", f"secret={secret}", "mtime=0", "ctime=0", ""]
        for index, (key, value) in enumerate((("account", name), ("service", "entrada"), ("xdg:schema", "io.entrada.Grant"))):
            lines += [f"[{number}:attribute{index}]", f"name={key}", "type=string", f"value={value}", ""]
    return "\n".join(lines)


SEAL = """
import hashlib, json, os, pathlib, sys
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt
folder, key = pathlib.Path(sys.argv[1]), bytes.fromhex(sys.argv[2])
for line in sys.stdin:
    name, text = json.loads(line)
    nonce = os.urandom(24)
    head = b"entrada\\0" + bytes([1, 0]) + bytes(16) + nonce + len(name.encode()).to_bytes(2, "big") + name.encode()
    path = folder / (hashlib.sha256(name.encode()).hexdigest() + ".item")
    path.write_bytes(head + encrypt(text.encode(), head, nonce, key))
    path.chmod(0o600)
"""


def measure(store, count, emulator, record, recovery):
    """Milliseconds of a cached token and of a refresh, and of secret-tool where there is a keyring."""
    with tempfile.TemporaryDirectory() as place, Desk(Path(place)) as desk:
        env = desk.env | emulator.settings() | {"ENTRADA_STORE": store}
        home = Path(env["HOME"])
        made = list(records(record, count))
        items = [("recovery", recovery), *((name, text) for name, _, text in made)]
        write(home / ".local/state/entrada/accounts.json", listed(store, made))
        if store == "keyring":
            keyrings = home / ".local/share/keyrings"
            desk.daemon.kill()
            desk.daemon.wait()
            write(keyrings / "many.keyring", keyring_file(items))
            write(keyrings / "default", "many")
            desk.start()
            run(["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets", SERVICE,
                 "org.freedesktop.Secret.Service.Unlock", f"array:objpath:{SERVICE}/collection/many"], env)
        else:
            grants = home / ".local/share/entrada/grants"
            grants.mkdir(parents=True, mode=0o700)
            for path in (grants.parent, grants):
                path.chmod(0o700)
            lines = "".join(json.dumps(item) + "\n" for item in items)
            subprocess.run([python, "-c", SEAL, str(grants), env["ENTRADA_STORE_KEY"]], input=lines, text=True, check=True)
        token = f"{entrada} token --account {USER}"
        run(token.split(), env)
        before = desk.daemon_time()
        times = side_by_side([token], folder, 100, env, warmup=5)
        own, daemon = [own_time(folder)], [(desk.daemon_time() - before) / 105]
        before = desk.daemon_time()
        times += side_by_side([f"{token} --force-refresh"], folder, 25, env, warmup=2)
        own.append(own_time(folder))
        daemon.append((desk.daemon_time() - before) / 27)
        if store == "keyring":
            lookup = f"secret-tool lookup service entrada account {made[0][0]}"
            times += side_by_side([lookup], folder, 50, env)
            times += own + daemon
        return times


with Emulator(entrada, folder) as emulator:
    with tempfile.TemporaryDirectory() as place, Desk(Path(place)) as desk:
        env = desk.env | emulator.settings() | {"ENTRADA_STORE": "keyring"}
        run([entrada, "login"], env)
        run([entrada, "token", "--force-refresh"], env)
        lookup = ["secret-tool", "lookup", "service", "entrada", "account"]
        record, recovery = run([*lookup, item_name(entrada, env)], env), run([*lookup, "recovery"], env)
    found = {store: [measure(store, count, emulator, record, recovery) for count in COUNTS]
             for store in ("file", "keyring")}


def row(what, values):
    first = values[0]
    return f"| {what} |" + "".join(f" {value:.1f} ({value / first:.2f}) |" for value in values) + "\n"


heading = "| |" + "".join(f" {count:,} |" for count in COUNTS)
text = f"""## Many accounts

{when()}. A token of one account, named with `--account`, where so many are stored: milliseconds, and in brackets how much that
has grown.

{heading}
|{" --- |" * (len(COUNTS) + 1)}
""" + row("`file`, stored token", [times[0] for times in found["file"]]) \
    + row("`file`, refresh", [times[1] for times in found["file"]]) \
    + row("`keyring`, stored token", [times[0] for times in found["keyring"]]) \
    + row("`keyring`, refresh", [times[1] for times in found["keyring"]]) \
    + row("`secret-tool lookup` of the same item", [times[2] for times in found["keyring"]]) \
    + row("`keyring`, stored token: processor time of entrada itself", [times[3] for times in found["keyring"]]) \
    + row("`keyring`, refresh: processor time of entrada itself", [times[4] for times in found["keyring"]]) \
    + row("`keyring`, stored token: processor time of gnome-keyring", [times[5] for times in found["keyring"]]) \
    + row("`keyring`, refresh: processor time of gnome-keyring", [times[6] for times in found["keyring"]]) + """
What grows with the keyring is the daemon's own: gnome-keyring goes through all items for each that is asked for, and writes its
whole file anew for each that is changed.
"""
Path(section).write_text(text)
print(text)
