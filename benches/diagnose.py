"""diagnose.py ENTRADA FOLDER SECTION: measures `entrada diagnose`, and writes the section."""

import base64
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from common import ROOT, side_by_side, when

entrada, folder, section = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), Path(sys.argv[3])
LINES = 200_000
PYJWT_LINES = 20_000
REPEATS = 5
# As a user who has no configuration runs it.
HOME = folder / "home"
HOME.mkdir(exist_ok=True)
ENV = {"HOME": str(HOME), "PATH": os.environ["PATH"]}
ONE_CORE = ["taskset", "-c", "0"]


def part(value):
    text = json.dumps(value, separators=(",", ":")) if isinstance(value, dict) else value
    return base64.urlsafe_b64encode(text if isinstance(text, bytes) else text.encode()).decode().rstrip("=")


def tokens():
    """The Graph tokens among the healthy cases of the test corpus, as good now as they are in their cases."""
    shift = int(time.time()) - 1_800_000_000
    made = []
    for case in json.loads((ROOT / "tests/it/corpus/healthy.json").read_text()):
        for token in case.get("tokens", {}).values():
            claims = dict(token["claims"])
            if not str(claims.get("aud")).startswith("https://graph.microsoft.com"):
                continue
            for name in ("iat", "nbf", "exp"):
                if name in claims:
                    claims[name] += shift + (3600 if name == "exp" else 0)
            header = token.get("header") or {"typ": "JWT", "alg": "RS256", "kid": "k", "x5t": "k"}
            made.append(f"{part(header)}.{part(claims)}.{part(bytes(range(256)))}")
    return made


def once(command, stdin, weigh=False):
    """Seconds, and bytes of memory at the most, of one run.

    Memory as GNU time tells it: what Python tells of a child has the memory of Python itself in it.
    """
    peak = folder / "peak"
    command = ["/usr/bin/time", "-q", "-f", "%M", "-o", str(peak), *command] if weigh else command
    before = time.perf_counter()
    process = subprocess.run(command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV)
    seconds = time.perf_counter() - before
    return seconds, int(peak.read_text()) * 1024 if weigh else 0, process.returncode


def best(command, path):
    """The fastest of several runs: whatever else the machine does only ever adds."""
    runs = []
    for _ in range(REPEATS):
        with open(path, "rb") as stdin:
            runs.append(once(command, stdin)[0])
    return min(runs)


def bulk():
    made = tokens()
    many, few = folder / "many.txt", folder / "few.txt"
    for path, lines in ((many, LINES), (few, PYJWT_LINES)):
        path.write_text("".join(f"{token}\n" for token in itertools.islice(itertools.cycle(made), lines)))
    decode = (
        "import sys, jwt\n"
        "for line in sys.stdin: jwt.decode(line.strip(), options={'verify_signature': False})\n"
    )
    ours, theirs = [], []
    # Turn about, so that both meet the same weather.
    for _ in range(REPEATS):
        with open(many, "rb") as stdin:
            ours.append(LINES / once([*ONE_CORE, str(entrada), "diagnose", "--stream"], stdin)[0])
        with open(few, "rb") as stdin:
            seconds = once([*ONE_CORE, sys.executable, "-c", decode], stdin)[0]
        start = best([*ONE_CORE, sys.executable, "-c", "import sys, jwt"], os.devnull) if not theirs else start
        theirs.append(PYJWT_LINES / (seconds - start))
    length = sum(map(len, made)) // len(made)
    many.unlink()
    return max(ours), max(theirs), length


def memory():
    """Peak memory over 1,000 and 1,000,000 lines through a pipe."""
    token = tokens()[0]
    peaks = {}
    for lines in (1_000, 1_000_000):
        source = subprocess.Popen(["bash", "-c", f"yes '{token}' | head -n {lines}"], stdout=subprocess.PIPE)
        peaks[lines] = once([str(entrada), "diagnose", "--stream"], source.stdout, weigh=True)[1]
        source.stdout.close()
        source.wait()
    return peaks


def hostile():
    """What the worst inputs cost: seconds and memory beyond those of an input of one byte."""
    deep = b"[" * 5_000_000
    inputs = {
        "10 MB without a break": b"x" * 10_000_000,
        "10 MB of line ends": b"\n" * 10_000_000 + b"x",
        "10 MB of one JWT": b"eyJhbGciOiJSUzI1NiJ9." + b"A" * 10_000_000 + b".c2ln",
        "10 MB of status lines": b"HTTP/1.1 401 no\n" * 625_000,
        "10 MB of a mail server's lines": b"a1 NO AUTHENTICATE failed.\n" * 370_000,
        "10 MB of AADSTS numbers": b"AADSTS65001: no. " * 590_000,
        "JSON 5,000,000 deep": b'{"version":1,"token":' + deep,
        "JSON of 99,000 members": b'{"version":1,"a":[' + b"1," * 98_900 + b"1]}",
        "JSON of 5,000,000 members": b'{"a":[' + b"1," * 5_000_000 + b"1]}",
        "an archive with 10 MB of pages": b'{"log":{"entries":[{"startedDateTime":"2027-01-15T08:00:00Z","request":{},'
        b'"response":{"status":200,"content":{"text":"' + b"a,{" * 3_300_000 + b'"}}}]}}',
        "invalid UTF-8": bytes(range(256)) * 40_000,
        "a challenge of 100,000 parameters": b"HTTP/1.1 401 no\nWWW-Authenticate: Bearer " + b'a="b",' * 100_000,
        "1 MB of quote marks": b"> " * 500_000,
        "1 MB of escaped braces": b'{\\"a\\":' * 150_000,
        "1 MB of claims": b"aud: x\n" * 150_000,
        "1 MB of JSON within strings": (b'{"a":"' * 150_000)[:1_000_000],
        "1 MB of log lines": b"2027-01-15 08:00:00,123 ERROR [main] a: b\n" * 24_000,
        "1 MB of frames": b'  File "/a.py", line 1, in b\n    c()\n' * 27_000,
        "1 MB of folded text": (b"invalid grant or " * 4 + b"\n") * 14_500,
        "1 MB of colours": b"\x1b[31mx\x1b[0m" * 100_000,
        "1 MB of addresses": b"https://a/?error=b&x=y " * 43_000,
    }
    path = folder / "hostile"
    path.write_bytes(b"x")
    least = []
    for _ in range(4 * REPEATS):
        with open(path, "rb") as stdin:
            least.append(once([str(entrada), "diagnose", "-"], stdin, weigh=True)[0])
    rows = []
    for name, data in inputs.items():
        path.write_bytes(data)
        runs = []
        for _ in range(REPEATS):
            with open(path, "rb") as stdin:
                runs.append(once([str(entrada), "diagnose", "-"], stdin, weigh=True))
        assert all(code in (0, 2, 10) for _, _, code in runs), (name, runs)
        rows.append((name, (min(run[0] for run in runs) - min(least)) * 1000, max(run[1] for run in runs) / 2**20))
    path.unlink()
    return rows


def cold():
    one = folder / "one.txt"
    one.write_text(tokens()[0] + "\n")
    commands = [str(folder / "hello"), f"{entrada} diagnose {one}", f"{entrada} --version"]
    return side_by_side(commands, folder, 400, ENV, warmup=30)


hello, diagnose, version = cold()
ours, theirs, length = bulk()
peaks = memory()
rows = hostile()
text = f"""## A token, cold

{when()}.
`entrada diagnose FILE` as a new process, beside the least that a Rust program does (it prints a word). Median of 400 runs.

| | ms | beside the bare process |
| --- | --- | --- |
| bare Rust process | {hello:.2f} | 1 |
| `entrada --version` | {version:.2f} | {version / hello:.2f} |
| `entrada diagnose` of one token | {diagnose:.2f} | {diagnose / hello:.2f} |

## In bulk

`entrada diagnose --stream` on one core: {LINES:,} Graph tokens of {length:,} characters on average, each judged by every rule and
written as JSON; beside PyJWT, which only decodes them, without checking signatures. The best of {REPEATS} runs each.

| | tokens a second | |
| --- | --- | --- |
| PyJWT {subprocess.run([sys.executable, "-c", "import jwt; print(jwt.__version__)"], capture_output=True, text=True).stdout.strip()}, decode | {theirs:,.0f} | 1 |
| `entrada diagnose --stream` | {ours:,.0f} | {ours / theirs:.1f} times as many |

Memory at the most: {peaks[1_000] / 2**20:.1f} MiB for 1,000 lines, {peaks[1_000_000] / 2**20:.1f} MiB for 1,000,000.

## Hostile inputs

What the worst inputs cost beyond an input of one byte, and memory at the most, of `entrada diagnose`. The best of {REPEATS} runs for
time, the worst for memory.

| input | ms | MiB |
| --- | --- | --- |
""" + "".join(f"| {name} | {max(ms, 0):.0f} | {mib:.0f} |\n" for name, ms, mib in rows)
section.write_text(text)
print(text)
