"""The athlete's pages: what is opened, and what must stand there. {activity} in a path is a ride's number."""
from admin import View

CHARTS = "document.querySelectorAll('.plot-box canvas').length >= {}"

# On a phone the curve is not in the first view.
CURVE_TOO = CHARTS.format("(innerWidth < 640 ? 3 : 4)")

# Scrolls until each card has come, and the map.
ALL_CARDS = ("((document.querySelector('[data-part]') || document.getElementById('map')).scrollIntoView(), !document.querySelector('[data-part]')"
             " && document.querySelector('.leaflet-container'))")

VIEWS = [
    # With all its scripts and the curve beside the volume, which comes as a fragment of its own.
    View("athlete", "/me", "", "Fitness", "This week", "Weekly volume", "Data from Strava", who="athlete", ready=CURVE_TOO,
         milliseconds=300, picture="athlete.png"),
    View("athlete-whole", "/me", "", "Time in zones", "Longest ride", "active days", "All activities", who="athlete", ready=ALL_CARDS, kilobytes=550),
    View("athlete-loading", "/me", "", "Your history is loading", "Reading is paused by the operator", who="athlete", states=("loading",),
         ready=CHARTS.format(1)),
    View("activities-loading", "/me/activities", "Activities", "newest first", who="athlete", states=("loading",)),
    View("account-loading", "/me/account", "Your data", "Held here", who="athlete", states=("loading",)),
    View("curves", "/me/parts/curves?frame=yes&curve=pace", "", "Pace curve", "This season", who="athlete", ready=CHARTS.format(1)),
    View("zones", "/me/parts/zones?frame=yes", "", "Time in zones", "Easy (Z1, Z2)", who="athlete"),
    View("records", "/me/parts/records?frame=yes", "", "Records", "Longest ride", who="athlete"),
    View("calendar", "/me/parts/calendar?frame=yes", "", "Calendar", "active days", who="athlete"),
    View("gear", "/me/parts/gear?frame=yes", "", "Gear", who="athlete"),
    View("heat-map", "/me/parts/map?frame=yes", "", "Heat map", who="athlete", ready="document.querySelector('.leaflet-container')"),
    View("activities", "/me/activities", "Activities", "Search in names", "newest first", who="athlete"),
    View("activities-none", "/me/activities?q=no-such-name&after=soon", "Activities", "Nothing matches", "can't be read: the first day", who="athlete"),
    View("activity", "/me/activities/{activity}", "", "Course of the ride", "Best efforts", "Similar activities", "View on Strava", who="athlete",
         ready=ALL_CARDS, kilobytes=500, picture="activity.png"),
    View("account", "/me/account", "Your data", "Disconnect and delete", "Held here", who="athlete"),
] + [
    View(f"{name}-bare", path, "", words, who="athlete", states=("bare",)) for name, path, words in [
        ("athlete", "/me", "No activity yet"), ("activities", "/me/activities", "No activity at Strava"), ("account", "/me/account", "Held here"),
        ("curves", "/me/parts/curves?frame=yes", "No ride with a power meter"), ("zones", "/me/parts/zones?frame=yes", "Nothing in these 6 weeks"),
        ("records", "/me/parts/records?frame=yes", "Records"), ("calendar", "/me/parts/calendar?frame=yes", "Calendar"),
        ("gear", "/me/parts/gear?frame=yes", "Gear"), ("heat-map", "/me/parts/map?frame=yes", "None of your activities has a track")]
]


def walk(visit):
    """What the pages' script does: the table behind a chart comes when it is opened, a choice changes its own card alone."""
    check, browser = visit.checks.check, visit.browser("athlete")
    browser.screen(1280, 900)
    browser.open(visit.daemon.base + "/me")
    check(browser.settle(CHARTS.format(4)), "charts: they are not drawn")
    check(not browser.driver.execute_script("return document.querySelector('main table')"), "tables: one is sent before it is opened")
    for card in ("fitness", "volume", "curves"):
        browser.driver.execute_script(f"document.querySelector('#{card} summary').click()")
        check(browser.settle(f"document.querySelectorAll('#{card} details tbody tr').length > 5"), f"tables: that of {card} does not come")
    check(browser.settle("getComputedStyle(document.querySelector('#fitness td.num')).textAlign === 'right'"), "tables: they have no style")

    browser.driver.execute_script("[...document.querySelectorAll('#fitness nav a')].find(a => a.textContent === '6 weeks').click()")
    check(browser.settle("document.querySelector('#fitness nav [aria-current]').textContent === '6 weeks'"), "a choice: its card does not follow")
    check(browser.driver.execute_script("return location.search === '?fitness=6w' && document.querySelector('#volume details').open"),
          "a choice: the address does not tell it, or another card is new")
    browser.driver.execute_script("document.querySelector('#fitness summary').click()")
    check(browser.settle("document.querySelectorAll('#fitness details tbody tr').length > 40"), "a choice: the table is not that of the choice")
    complaints = browser.complaints()
    check(not complaints, f"the console says {complaints}")
