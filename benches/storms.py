"""storms.py ENTRADA FOLDER SECTION: many processes at once, some of them killed (tests/real/storm.rs), and writes the section."""

import json
import os
import subprocess
import sys
from pathlib import Path

from common import ROOT, when

entrada, folder, section = sys.argv[1:4]
report = Path(folder) / "storms.jsonl"
report.unlink(missing_ok=True)
CLIENTS, KILLS, ROUNDS = 200, 20, 50
subprocess.run(
    ["cargo", "test", "--locked", "--all-features", "--test", "real", "--",
     "storm::all_who_come", "storm::whoever_is_killed", "--test-threads=1"],
    cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    env=os.environ | {"ENTRADA_UNDER_TEST": entrada, "STORM_REPORT": str(report), "STORM_CLIENTS": str(CLIENTS),
                      "STORM_KILLS": str(KILLS), "STORM_ROUNDS": os.environ.get("STORM_ROUNDS", str(ROUNDS))},
)
lines = [json.loads(line) for line in report.read_text().splitlines()]
POLICY = {"Keep": "stays good", "Revoke": "dies, and the grant with it if it comes again"}
text = f"""## Storms

{when()}. {CLIENTS} processes of `entrada token` at once on a token that has run out, by the driver of `tests/real/storm.rs`, which
starts them, waits for all and checks what must hold; until the last one has ended.

| store | an old refresh token | the server answers | ms | requests |
| --- | --- | --- | --- | --- |
""" + "".join(
    f"| {line['store']} | {POLICY[line['policy']]} | {'after 200 ms' if line['late'] else 'at once'} | {line['milliseconds']} | "
    f"{line['requests']} |\n"
    for line in lines if "late" in line
) + f"""
The same, with {KILLS} of them picked to be killed by `kill -9` at random moments:

| store | an old refresh token | rounds | killed | sign-ins lost | slowest round, ms |
| --- | --- | --- | --- | --- | --- |
""" + "".join(
    f"| {line['store']} | {POLICY[line['policy']]} | {line['rounds']} | {line['killed']} | {line['sign_ins_lost']} | "
    f"{line['milliseconds']} |\n"
    for line in lines if "rounds" in line
)
Path(section).write_text(text)
print(text)
