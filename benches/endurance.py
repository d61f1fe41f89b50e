"""endurance.py ENTRADA FOLDER SECTION PYTHON: thousands of runs of one sign-in, and 100,000 accounts; writes the section."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from accounts import fill_files, listed, records, write
from common import ROOT, Desk, Emulator, item_name, peak, run, when

entrada, folder, section, python = sys.argv[1:5]
folder = Path(folder)
READS, REFRESHES, ACCOUNTS = 100_000, 2_000, 100_000
USER = "ada@contoso.example"

report = folder / "endurance.jsonl"
report.unlink(missing_ok=True)
subprocess.run(
    ["cargo", "test", "--locked", "--all-features", "--test", "real", "--", "endurance::thousands", "--test-threads=1"],
    cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    env=os.environ | {"ENTRADA_UNDER_TEST": entrada, "ENDURANCE_REPORT": str(report),
                      "ENDURANCE_READS": os.environ.get("ENDURANCE_READS", str(READS)),
                      "ENDURANCE_REFRESHES": os.environ.get("ENDURANCE_REFRESHES", str(REFRESHES))},
)
lines = [json.loads(line) for line in report.read_text().splitlines()]


def many(emulator):
    """Seconds, MiB and exit codes of commands beside 100,000 accounts in encrypted files."""
    with tempfile.TemporaryDirectory() as place, Desk(Path(place)) as desk:
        env = desk.env | emulator.settings() | {"ENTRADA_STORE": "keyring"}
        run([entrada, "login"], env)
        lookup = ["secret-tool", "lookup", "service", "entrada", "account"]
        record, recovery = run([*lookup, item_name(entrada, env)], env), run([*lookup, "recovery"], env)
    with tempfile.TemporaryDirectory() as place, Desk(Path(place)) as desk:
        env = desk.env | emulator.settings() | {"ENTRADA_STORE": "file"}
        home = Path(env["HOME"])
        made = list(records(record, ACCOUNTS))
        write(home / ".local/state/entrada/accounts.json", listed("file", made))
        fill_files(python, home, env["ENTRADA_STORE_KEY"], made, recovery)
        rows = []
        for words in (f"token --account {USER}", f"token --account {USER} --force-refresh", "accounts", "status",
                      f"logout --account {USER}"):
            before = time.perf_counter()
            memory = peak([entrada, *words.split()], folder, env)
            rows.append((words.replace(f" --account {USER}", " --account NAME"), time.perf_counter() - before, memory))
        left = len(list((home / ".local/share/entrada/grants").glob("*.item")))
        assert left == ACCOUNTS, f"{left} items after the sign-out of one of {ACCOUNTS} accounts and the recovery key"
        return rows


with Emulator(entrada, folder) as emulator:
    commands = many(emulator)

library = next(line for line in lines if line.get("library"))["told"]
text = f"""## Endurance

{when()}. Runs of `entrada token` with one sign-in, one after the other, by the driver of `tests/real/endurance.rs`. Faults come in
turn at six of seven refreshes: 503 and a closed connection before and after the refresh, a captive portal's page, a late answer.

| store | runs that print the stored token | refreshes | files before and after | bytes before and after |
| --- | --- | --- | --- | --- |
""" + "".join(
    f"| {line['store']} | {line['reads']:,} | {line['refreshes']:,} | {line['files'][0]}, {line['files'][1]} | "
    f"{line['bytes'][0]:,}, {line['bytes'][1]:,} |\n"
    for line in lines if "store" in line
) + f"""
One process with the library, the same faults, {next(line["refreshes"] for line in lines if line.get("library")):,} refreshes: open descriptors {library["before"][0]} before and {library["after"][0]} after,
memory {library["before"][1] / 1024:.1f} MiB before and {library["after"][1] / 1024:.1f} MiB after.

{ACCOUNTS:,} accounts in encrypted files; every command ended with 0, and the sign-out of one removed one file:

| command | s | MiB at the most |
| --- | --- | --- |
""" + "".join(f"| `entrada {words}` | {seconds:.2f} | {memory:.0f} |\n" for words, seconds, memory in commands)
Path(section).write_text(text)
print(text)
