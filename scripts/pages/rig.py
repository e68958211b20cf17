"""fitnessd for the tests of its pages, each with a folder of its own: a demo with data ("data"), one that is still loading ("loading"), one without
athletes ("empty"), and one with a local Strava whose athlete has as many activities as wanted ("bare": none)."""
import json
import os
import pathlib
import re
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

    def launch(self):
        arguments = ["run", "--demo"] if self.state in ("data", "loading") else ["run"]
        if self.state == "empty":
            # Credentials of nobody, and a Strava that is not there: nothing is ever asked.
            self.environment |= {
                "FITNESSD_STRAVA_CLIENT_ID": "1", "FITNESSD_STRAVA_CLIENT_SECRET": "none",
                "FITNESSD_STRAVA_API_URL": "http://127.0.0.1:9/api/v3", "FITNESSD_STRAVA_OAUTH_URL": "http://127.0.0.1:9/oauth"}
        self.log = open(self.folder / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [self.programs / "fitnessd", *arguments], env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True)

    def start(self):
        self.launch()
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

    def end_process(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def stop(self):
        self.end_process()
        # As root the private cluster stands outside the folder, which then holds a link to it.
        cluster = self.folder / "state" / "demo" / "postgres"
        for place in (cluster, self.folder / "state" / "postgres"):
            if place.is_symlink():
                shutil.rmtree(os.readlink(place), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Simulated(Daemon):
    """fitnessd with a local Strava of its own, without a rate limit, that has one athlete."""

    def __init__(self, programs, state, activities, points):
        super().__init__(programs, state)
        self.activities = activities
        tokens, log = self.folder / "tokens", self.folder / "simulator.log"
        with open(log, "w", encoding="utf-8") as out:
            self.simulator = subprocess.Popen(
                [self.programs / "strava-simulator", "--port", "0", "--athletes", "1", "--activities", str(activities), "--points", str(points),
                 "--limit", "none", "--tokens-file", tokens], stdout=out, start_new_session=True)
        end = time.monotonic() + DEADLINE_S
        while "FITNESSD_STRAVA_OAUTH_URL" not in log.read_text(encoding="utf-8"):
            if self.simulator.poll() is not None or time.monotonic() > end:
                raise Failed("strava-simulator has not started")
            time.sleep(.1)
        self.environment |= dict(re.findall(r"(FITNESSD_STRAVA_[A-Z_]+)=(\S+)", log.read_text(encoding="utf-8")))
        self.environment |= {"FITNESSD_STRAVA_LIMIT": "100000000,1000000000", "FITNESSD_LOG_LEVEL": "warning"}

    def load(self):
        """Connects the athlete and waits until all is there."""
        self.control("athletes", "import", str(self.folder / "tokens"))
        if self.activities:
            self.wait(lambda: self.status()["activities"] == self.activities and self.is_complete(), f"{self.activities} activities")
        else:
            # The daemon believes an empty list once it has read it for over an hour.
            self.wait(lambda: self.sql("UPDATE sync.cursor SET history_complete_at = now() RETURNING 1").strip() == "1", "the athlete")

    def sql(self, *statements):
        socket = (self.folder / "state" / "postgres").resolve() / "socket"
        arguments = [part for statement in statements for part in ("-c", statement)]
        ending = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", socket, "-U", "fitness_owner", "-d", "fitness", *arguments], capture_output=True, text=True)
        if ending.returncode:
            raise Failed(f"psql: {ending.stderr.strip()}")
        return ending.stdout

    def stop(self):
        super().stop()
        if self.simulator.poll() is None:
            self.simulator.terminate()
            self.simulator.wait(30)
