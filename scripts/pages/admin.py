"""The operator's pages and the doors of all: what is opened, as whom, and what must stand there."""


class View:
    """A page to open.

    who: "admin" (with a session of fitnessctl admin-link), "athlete" (with one of fitnessctl athletes link) or None.
    picture: its name in docs/screenshots.
    states: with which daemons it is opened: "data", "empty", "loading". {athlete} in a path or a text is an athlete's number.
    """

    def __init__(self, name, path, heading, *words, who=None, states=("data",), ready=None, kilobytes=250, milliseconds=None,
                 picture=None):
        self.name, self.path, self.heading, self.words = name, path, heading, words
        self.who, self.states, self.ready = who, states, ready
        self.kilobytes, self.milliseconds, self.picture = kilobytes, milliseconds, picture


LIVE = "document.getElementById('live-time') && document.getElementById('live-head').children.length > 0"

VIEWS = [
    View("overview", "/", "Running; nobody needs you", "Nobody needs you", "fitnessctl admin-link", "Quarter hour", "Silver lag", ready=LIVE, milliseconds=300),
    View("overview-admin", "/", "Running; nobody needs you", "Pause all syncing", "Sync all", "Signed in as", who="admin", ready=LIVE, picture="overview.png"),
    View("overview-empty", "/", "Running; no athlete is connected yet", "Connect an athlete", "No athlete yet", who="admin", states=("empty",)),
    View("overview-loading", "/", "All syncing is paused", "Resume syncing", "so that the pages stay as they are", who="admin", states=("loading",)),
    View("athletes-none", "/?q=nobody-has-this-name", "Running; nobody needs you", "Nobody matches", "Clear the filter"),
    View("explain", "/explain/{athlete}", "", "Where it stands", "What comes next", "fitnessctl explain {athlete}"),
    View("connect-link", "/connect-link", "Connect an athlete", "Your own name for this person", who="admin"),
    View("sign-in", "/sign-in", "Open your page", "Paste the token", "fitnessctl admin-link"),
    View("link-wrong", "/enter?link=wrong", "This link is not valid"),
    View("not-found", "/nothing-here", "Not found"),
]
