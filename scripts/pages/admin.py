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


def walk(visit):
    """What the pages' script does: live figures, a question before a pause, answers without a reload."""
    check, browser = visit.checks.check, visit.browser("admin")
    browser.screen(1280, 900)
    browser.open(visit.daemon.base + "/")
    browser.settle(LIVE)
    first = browser.driver.execute_script("return document.getElementById('live-time').textContent")
    check(browser.settle(f"document.getElementById('live-time').textContent !== '{first}'"), "live figures: the time does not go on")

    browser.press("Pause all syncing")
    check(browser.settle("document.querySelector('dialog[open]')"), "pause: nothing is asked first")
    browser.press("Cancel")
    check(browser.settle("!document.querySelector('dialog')"), "pause: the question stays")
    check(visit.daemon.status().get("paused") is None, "pause: done although it was cancelled")
    browser.press("Pause all syncing")
    browser.settle("document.querySelector('dialog[open]')")
    browser.press("Pause")
    check(browser.settle("document.getElementById('said').textContent.startsWith('All syncing is paused')"), "pause: nothing is said")
    check(browser.settle("document.querySelector('h1').textContent === 'All syncing is paused'"), "pause: the page does not follow")
    check(visit.daemon.status().get("paused", {}).get("by") is not None, "pause: not done")
    browser.press("Resume syncing")
    check(browser.settle("document.querySelector('h1').textContent.startsWith('Running')"), "resume: the page does not follow")

    pressed = browser.driver.execute_script("const button = document.querySelector('#athletes-list form[action=\"/actions/pause\"] button'); button?.focus(); button?.click(); return !!button")
    check(pressed and browser.settle("document.querySelector('#athletes-list form[action=\"/actions/resume\"]')"), "an athlete's pause: the row does not follow")
    check(browser.driver.execute_script("return document.activeElement.closest('#athletes-list') !== null"), "an athlete's pause: the focus is lost")
    browser.driver.execute_script("document.querySelector('#athletes-list form[action=\"/actions/resume\"] button').click()")
    check(browser.settle("!document.querySelector('#athletes-list form[action=\"/actions/resume\"]')"), "an athlete's resume: the row does not follow")

    audit = visit.daemon.control("audit", "--limit", "4")
    check(all(words in audit for words in ("pause all", "resume all", "pause athlete")), f"the audit does not have what was done: {audit}")

    complaints = browser.complaints()
    check(not complaints, f"the console says {complaints}")


def end(visit):
    """The daemon stops while somebody watches."""
    browser = visit.browser("admin")
    browser.open(visit.daemon.base + "/")
    browser.settle(LIVE)
    visit.daemon.stop()
    visit.checks.check(
        browser.settle("document.getElementById('page-bar').textContent.includes('Live updates are interrupted')"), "a daemon that stops: the page does not say so")
    visit.checks.check(browser.settle("!document.getElementById('live-pill').hidden"), "a daemon that stops: the page still calls itself live")
