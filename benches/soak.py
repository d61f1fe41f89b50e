"""soak.py ENTRADA FOLDER SECTION [COUNT]: many processes read one gnome-keyring, and writes the section.

soak.py ENTRADA FOLDER --deaths RUNS [COUNT [WORKERS [SESSION]]]: whether the daemon outlives COUNT reads (100,000) by WORKERS
(4) at once, over a SESSION (`plain`, `dh`); a new daemon each of RUNS times, every other time with all processors busy. Ends
with 1 if one died.
"""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import Desk, Emulator, item_name, run, when

entrada, folder, section = sys.argv[1:4]
folder = Path(folder)
LOOKUPS = 2_000
NOWHERE = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]


def work(command, env, count):
    """How many of `count` runs, one after the other, failed."""
    failed = 0
    for _ in range(count):
        pid = os.posix_spawn(command[0], command, env, file_actions=NOWHERE)
        failed += os.waitpid(pid, 0)[1] != 0
    return failed


def rate(command, env, count, workers):
    """How many failed, and how many a second there were."""
    before = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        failed = sum(pool.map(lambda _: work(command, env, count // workers), range(workers)))
    return failed, count / (time.perf_counter() - before)


def outlives(count, workers, session, busy):
    """Whether a new daemon outlives so many reads; says how they went."""
    with tempfile.TemporaryDirectory() as place, Desk(Path(place)) as desk, Emulator(entrada, folder) as emulator:
        env = desk.env | emulator.settings() | {"ENTRADA_STORE": "keyring", "ENTRADA_KEYRING_SESSION": session}
        run([entrada, "login"], env)
        burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() if busy else 0)]
        try:
            failed, tokens = rate([entrada, "token"], env, count, workers)
        finally:
            for burner in burners:
                burner.kill()
                burner.wait()
        alive = desk.daemon.poll() is None
        log = (Path(place) / "daemon.log").read_text().splitlines()
    critical = sum("CRITICAL" in line for line in log)
    print(f"{'lived' if alive else 'DIED'}: {count} reads, {workers} workers, {session}{', busy' if busy else ''}: {failed} failed, "
          f"{tokens:.0f} a second, {critical} lines with CRITICAL", *(line for line in log if "ERROR" in line), sep="\n  ")
    return alive and not failed


if section == "--deaths":
    more = sys.argv[4:]
    runs, count, workers = (int(more[i]) if len(more) > i else default for i, default in enumerate((8, 100_000, 4)))
    session = more[3] if len(more) > 3 else "plain"
    all_lived = [outlives(count, workers, session, busy=number % 2 == 1) for number in range(runs)]
    sys.exit(not all(all_lived))

COUNT = int(sys.argv[4]) if len(sys.argv) > 4 else 20_000
rows = []
with tempfile.TemporaryDirectory() as place, Desk(Path(place)) as desk, Emulator(entrada, folder) as emulator:
    env = desk.env | emulator.settings() | {"ENTRADA_STORE": "keyring"}
    run([entrada, "login"], env)
    name = item_name(entrada, env)
    tool = ["/usr/bin/secret-tool", "lookup", "service", "entrada", "account", name]
    for workers in (1, 2, 4):
        before = desk.memory()
        failed, tokens = rate([entrada, "token"], env, COUNT, workers)
        grown = (desk.memory() - before) / COUNT
        _, theirs = rate(tool, env, LOOKUPS, workers)
        rows.append((workers, failed, tokens, theirs, grown))
        print(workers, failed, f"{tokens:.0f}", f"{theirs:.0f}", file=sys.stderr)
    alive = desk.daemon.poll() is None
    critical = sum("CRITICAL" in line for line in (Path(place) / "daemon.log").read_text().splitlines())

text = f"""## A long day of one keyring

{when()}. {COUNT:,} runs of `entrada token` by each number of workers, all against one gnome-keyring that is never started anew;
beside {LOOKUPS:,} of `secret-tool lookup` of the same item. The daemon {"lived" if alive else "DIED"}; lines with CRITICAL in its
log: {critical}.

| workers | failures | tokens a second | `secret-tool` | | the daemon grew, kB a run |
| --- | --- | --- | --- | --- | --- |
""" + "".join(
    f"| {workers} | {failed} | {tokens:.0f} | {theirs:.0f} | {tokens / theirs:.1f} times as many | {grown:.1f} |\n"
    for workers, failed, tokens, theirs, grown in rows
)
Path(section).write_text(text)
print(text)
