"""fitnessd for the scripts that try it: in a folder of its own, with a private PostgreSQL, at ports of its own."""
import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What the programs take over from the environment of a script.
KEPT = ("PATH", "LANG", "TMPDIR")


class Failed(Exception):
    """A sentence for whoever reads the end of the run."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def folder(name):
    """A folder that goes with all that is in it at the end."""
    with tempfile.TemporaryDirectory(prefix=f"fitnessd-{name}-", dir="/tmp") as path:
        # As root, PostgreSQL runs as another account. It must pass through here, or else the cluster is made outside, in /var/lib.
        os.chmod(path, 0o711)
        yield path


class Daemon:
    """One fitnessd from its start to its end, which are those of a `with` block."""

    deadline_s = 180

    def __init__(self, programs, folder, arguments=("run", "--demo"), **settings):
        self.programs, self.arguments = pathlib.Path(programs), arguments
        self.environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {
            "HOME": str(folder), "FITNESSD_STATE_DIR": str(folder), "FITNESSD_CONTROL_SOCKET": f"{folder}/control.sock",
            "FITNESSD_SHARE_DIR": os.environ.get("FITNESSD_SHARE_DIR", str(ROOT)), "FITNESSD_HTTP_LISTEN": "off",
            "FITNESSD_DASHBOARD_LISTEN": "off", "FITNESSD_LOG_FORMAT": "json"} | settings
        self.log = pathlib.Path(folder) / "log"
        self.process = None

    def start(self):
        with open(self.log, "w", encoding="utf-8") as log:
            # In a session of its own: Ctrl-C ends the script, which then stops it.
            self.process = subprocess.Popen(
                [self.programs / "fitnessd", *self.arguments], env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def control(self, *words, quiet=False):
        """What fitnessctl prints. If it fails: None when quiet."""
        run = subprocess.run([self.programs / "fitnessctl", *words], env=self.environment, capture_output=True, text=True)
        if run.returncode == 0:
            return run.stdout
        if quiet:
            return None
        raise Failed(f"fitnessctl {' '.join(words)}: {run.stderr.strip()}")

    def wait(self, ask, what):
        """The first answer that is something."""
        end = time.monotonic() + self.deadline_s
        while not (answer := ask()):
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"waited in vain for {what}: {self.log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(.2)
        return answer
