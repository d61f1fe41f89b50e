"""Stores with many accounts, made from the grant of one."""

import hashlib
import json
import subprocess


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
    """The list of accounts that entrada keeps beside the store."""
    entries = [{"store": store, "authority": record["authority"], "tenant": record["tenant"],
                "client_id": record["client_id"], "account": record["filed_under"],
                "username": record["account"]["username"], "saved_at": 1} for _, record, _ in made]
    return json.dumps({"version": 1, "known": [store], "entries": entries}, indent=2)


def write(path, text):
    """Writes a file that only its owner may read."""
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


# Writes the items of stdin as files of the encrypted store, in a Python that has PyNaCl.
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


def fill_files(python, home, key, made, recovery):
    """Writes the grants `made` and the recovery key as an encrypted store under `home`."""
    grants = home / ".local/share/entrada/grants"
    grants.mkdir(parents=True, mode=0o700)
    for path in (grants.parent, grants):
        path.chmod(0o700)
    items = [("recovery", recovery), *((name, text) for name, _, text in made)]
    lines = "".join(json.dumps(item) + "\n" for item in items)
    subprocess.run([python, "-c", SEAL, str(grants), key], input=lines, text=True, check=True)
