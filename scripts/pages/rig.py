"""fitnessd for the tests of its pages: a demo with data, one that is still loading, and one without athletes. Each has a folder of its own."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 180


class Failed(Exception):
    """A sentence for whoever reads the end of the run."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """One fitnessd with a private PostgreSQL, from its start to its end."""

    def __init__(self, programs, state):
        self.programs, self.state = pathlib.Path(programs), state
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fitnessd-pages-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        (self.folder / "state").mkdir(mode=0o700)
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "FITNESSD_STATE_DIR": str(self.folder / "state"),
            "FITNESSD_CONTROL_SOCKET": str(self.folder / "control.sock"), "FITNESSD_SHARE_DIR": str(ROOT),
            "FITNESSD_HTTP_LISTEN": f"127.0.0.1:{self.port}", "FITNESSD_PUBLIC_URL": self.base, "FITNESSD_DASHBOARD_LISTEN": "off",
            "FITNESSD_LOG_FORMAT": "json"}
        self.process = None

    def start(self):
        arguments = ["run", "--demo"]
        if self.state == "empty":
            # Credentials of nobody, and a Strava that is not there: nothing is ever asked.
            arguments = ["run"]
            self.environment |= {
                "FITNESSD_STRAVA_CLIENT_ID": "1", "FITNESSD_STRAVA_CLIENT_SECRET": "none",
                "FITNESSD_STRAVA_API_URL": "http://127.0.0.1:9/api/v3", "FITNESSD_STRAVA_OAUTH_URL": "http://127.0.0.1:9/oauth"}
        self.log = open(self.folder / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [self.programs / "fitnessd", *arguments], env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True)
        self.wait(lambda: self.control("status", "--json", quiet=True) is not None, "fitnessd to answer")
        if self.state == "data":
            self.wait(self.is_complete, "the demo's data")
        elif self.state == "loading":
            self.wait(lambda: self.status()["activities"] > 0, "the first activities")
            self.control("pause", "--reason", "so that the pages stay as they are")

    def status(self):
        return json.loads(self.control("status", "--json"))

    def is_complete(self):
        status = self.status()
        fetched = [each for each in status["endpoints"] if each["endpoint"] != "summary"]
        return status["activities"] > 0 and fetched and not any(each["pending"] for each in fetched) and status["silver"]["backlog"] == 0

    def control(self, *arguments, quiet=False):
        ending = subprocess.run([self.programs / "fitnessctl", *arguments], env=self.environment, capture_output=True, text=True)
        if ending.returncode == 0:
            return ending.stdout
        if quiet:
            return None
        raise Failed(f"fitnessctl {' '.join(arguments)}: {ending.stderr.strip()}")

    def athlete(self):
        """The number of the athlete with most activities; None: there is none."""
        athletes = json.loads(self.control("athletes", "list", "--json"))["athletes"]
        return max(athletes, key=lambda each: each["activities"])["athlete_id"] if athletes else None

    def wait(self, is_done, what):
        end = time.monotonic() + DEADLINE_S
        while not is_done():
            if self.process.poll() is not None or time.monotonic() > end:
                self.log.seek(0)
                raise Failed(f"waited in vain for {what}: {self.log.read()[-2000:]}")
            time.sleep(.2)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        # As root the private cluster stands outside the folder, which then holds a link to it.
        cluster = self.folder / "state" / "demo" / "postgres"
        for place in (cluster, self.folder / "state" / "postgres"):
            if place.is_symlink():
                shutil.rmtree(os.readlink(place), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
