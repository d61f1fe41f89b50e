"""What the measurements have in common."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def when():
    return f"{time.strftime('%Y-%m-%d', time.gmtime())}, {processor()}, {os.cpu_count()} cores"


def side_by_side(commands, folder, runs, env=None, warmup=5):
    """Median milliseconds of each command, by hyperfine without a shell."""
    report = folder / "hyperfine.json"
    subprocess.run(
        ["hyperfine", "-N", "--warmup", str(warmup), "--runs", str(runs), "--export-json", str(report), *commands],
        check=True, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )
    return [result["median"] * 1000 for result in json.loads(report.read_text())["results"]]


def own_time(folder):
    """Milliseconds of processor time, on average, of the command that was measured last."""
    result = json.loads((folder / "hyperfine.json").read_text())["results"][-1]
    return (result["user"] + result["system"]) * 1000


def join_session_keyring():
    """As PAM does at login: without it, cron jobs and root shells may not reach the kernel's keys."""
    import ctypes

    keyctl, join = 250, 1
    ctypes.CDLL(None, use_errno=True).syscall(keyctl, join, None)


def peak(command, folder, env=None):
    """MiB at the most, as GNU time tells it: what Python tells of a child has the memory of Python itself in it."""
    told = folder / "peak"
    subprocess.run(["/usr/bin/time", "-q", "-f", "%M", "-o", str(told), *command], env=env, check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return int(told.read_text()) / 1024


def run(command, env=None, **more):
    """What it prints, without the line's end."""
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"{command[0]} {command[1] if len(command) > 1 else ''} ended with {done.returncode}: {done.stderr}")
    return done.stdout.rstrip("\n")


class Emulator:
    """`entrada emulator` on a port of its own, by https."""

    def __init__(self, entrada, folder, scenario="auto-approve", port=5443):
        self.ca = folder / "ca.pem"
        self.ca.unlink(missing_ok=True)
        self.base = f"https://localhost:{port}"
        self.process = subprocess.Popen(
            [entrada, "emulator", "--port", str(port), "--scenario", scenario, "--interval", "1", "--tls", str(self.ca)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            if self.ca.exists():
                break
            time.sleep(0.02)
        time.sleep(0.2)

    def settings(self):
        return {
            "ENTRADA_AUTHORITY": self.base,
            "ENTRADA_TENANT": "organizations",
            "ENTRADA_CLIENT_ID": "11111111-2222-4333-8444-555555555555",
            "ENTRADA_CA_BUNDLE": str(self.ca),
            "ENTRADA_STORE_KEY": "5e" * 32,
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Desk:
    """A D-Bus session with an unlocked gnome-keyring, and a home, in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("home", "run", "home/.local/share/keyrings", "home/.local/state/entrada"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("run", "home/.local/state/entrada", "home/.local/share/keyrings"):
            (folder / name).chmod(0o700)
        self.env = {"HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder / "run"), "PATH": os.environ["PATH"]}
        config = folder / "bus.conf"
        config.write_text(
            "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN' "
            "'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'><busconfig><type>session</type>"
            f"<listen>unix:dir={folder / 'run'}</listen><policy context='default'><allow send_destination='*' "
            "eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>"
        )
        self.bus = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--print-address=1", "--nofork"],
                                    env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self.bus.stdout.readline().strip()
        self.start()

    def start(self):
        """Starts the daemon, and waits until it is there."""
        self.log = open(self.folder / "daemon.log", "a")
        self.daemon = subprocess.Popen(["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"],
                                       env=self.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.log)
        self.daemon.stdin.write(b"password")
        self.daemon.stdin.close()
        question = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/",
                    "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
        for _ in range(500):
            if "boolean true" in run(question, self.env):
                break
            time.sleep(0.02)

    def daemon_time(self):
        """Milliseconds of processor time that the daemon has used."""
        tasks = Path(f"/proc/{self.daemon.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6

    def memory(self):
        """KiB that the daemon holds."""
        for line in Path(f"/proc/{self.daemon.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.daemon, self.bus):
            process.kill()
            process.wait()


def item_name(entrada, env):
    """What the one stored grant is filed under."""
    entry = json.loads(run([entrada, "accounts", "-o", "json"], env))["accounts"][0]
    return "|".join(entry[part] for part in ("authority", "tenant", "client_id", "account"))


def median(numbers):
    return statistics.median(numbers)
