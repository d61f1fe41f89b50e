"""growth.py ENTRADA FOLDER SECTION PYTHON: what 10,000 stored accounts cost a token of one, and writes the section."""

import sys
import tempfile
from pathlib import Path

from accounts import fill_files, keyring_file, listed, records, write
from common import Desk, Emulator, item_name, own_time, run, side_by_side, when

entrada, folder, section, python = sys.argv[1:5]
folder = Path(folder)
COUNTS = (1, 1_000, 10_000)
USER = "ada@contoso.example"
SERVICE = "/org/freedesktop/secrets"


def measure(store, count, emulator, record, recovery):
    """Milliseconds of a cached token and of a refresh, and of secret-tool where there is a keyring."""
    with tempfile.TemporaryDirectory() as place, Desk(Path(place)) as desk:
        env = desk.env | emulator.settings() | {"ENTRADA_STORE": store}
        home = Path(env["HOME"])
        made = list(records(record, count))
        write(home / ".local/state/entrada/accounts.json", listed(store, made))
        if store == "keyring":
            keyrings = home / ".local/share/keyrings"
            desk.daemon.kill()
            desk.daemon.wait()
            items = [("recovery", recovery), *((name, text) for name, _, text in made)]
            write(keyrings / "many.keyring", keyring_file(items))
            write(keyrings / "default", "many")
            desk.start()
            run(["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets", SERVICE,
                 "org.freedesktop.Secret.Service.Unlock", f"array:objpath:{SERVICE}/collection/many"], env)
        else:
            fill_files(python, home, env["ENTRADA_STORE_KEY"], made, recovery)
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
