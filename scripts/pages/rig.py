"""fitnessd for the tests of its pages, each with a folder of its own: a demo with data ("data"), one that is still loading ("loading"), one without
athletes ("empty"), and one with a local Strava whose athlete has as many activities as wanted ("bare": none)."""
import contextlib
import json
import pathlib
import re
import subprocess
import time

import daemon
from daemon import Failed


class Daemon(daemon.Daemon):
    """One fitnessd in a state of its pages."""

    def __init__(self, programs, state):
        self.state, self.end = state, contextlib.ExitStack()
        self.folder = pathlib.Path(self.end.enter_context(daemon.folder("pages")))
        listen = f"127.0.0.1:{daemon.free_port()}"
        self.base = f"http://{listen}"
        settings = {"FITNESSD_HTTP_LISTEN": listen, "FITNESSD_PUBLIC_URL": self.base}
        if state == "empty":
            # Credentials of nobody, and a Strava that is not there: nothing is ever asked.
            settings |= {
                "FITNESSD_STRAVA_CLIENT_ID": "1", "FITNESSD_STRAVA_CLIENT_SECRET": "none",
                "FITNESSD_STRAVA_API_URL": "http://127.0.0.1:9/api/v3", "FITNESSD_STRAVA_OAUTH_URL": "http://127.0.0.1:9/oauth"}
        super().__init__(programs, self.folder, ["run", "--demo"] if state in ("data", "loading") else ["run"], **settings)

    def begin(self):
        """Starts it, and waits until it is in its state."""
        self.start()
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

    def athlete(self):
        """The number of the athlete with most activities; None: there is none."""
        athletes = json.loads(self.control("athletes", "list", "--json"))["athletes"]
        return max(athletes, key=lambda each: each["activities"])["athlete_id"] if athletes else None

    def close(self):
        """Ends it, and removes all that it wrote."""
        self.stop()
        self.end.close()


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
        end = time.monotonic() + self.deadline_s
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
        socket = (self.folder / "postgres").resolve() / "socket"
        arguments = [part for statement in statements for part in ("-c", statement)]
        ending = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", socket, "-U", "fitness_owner", "-d", "fitness", *arguments], capture_output=True, text=True)
        if ending.returncode:
            raise Failed(f"psql: {ending.stderr.strip()}")
        return ending.stdout

    def close(self):
        self.stop()
        if self.simulator.poll() is None:
            self.simulator.terminate()
            self.simulator.wait(30)
        super().close()
