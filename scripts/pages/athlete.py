"""The athlete's pages: what is opened, and what must stand there. {activity} in a path is a ride's number."""
from admin import View

CHARTS = "document.querySelectorAll('.plot-box canvas').length >= {}"

VIEWS = [
    # The limit is that of the first view with its scripts; the curve beside the volume comes as a fragment of its own.
    View("athlete", "/me", "", "Fitness", "This week", "Weekly volume", "Data from Strava", who="athlete", ready=CHARTS.format(3), kilobytes=265,
         milliseconds=300, picture="athlete.png"),
    View("athlete-loading", "/me", "", "Your history is loading", who="athlete", states=("loading",)),
    View("curves", "/me/parts/curves?frame=yes&curve=pace", "", "Pace curve", "This season", who="athlete", ready=CHARTS.format(1),
         kilobytes=270),
    View("zones", "/me/parts/zones?frame=yes", "", "Time in zones", "Easy (Z1, Z2)", who="athlete"),
    View("records", "/me/parts/records?frame=yes", "", "Records", "Longest ride", who="athlete"),
    View("calendar", "/me/parts/calendar?frame=yes", "", "Calendar", "active days", who="athlete", kilobytes=280),
    View("gear", "/me/parts/gear?frame=yes", "", "Gear", who="athlete"),
    View("heat-map", "/me/parts/map?frame=yes", "", "Heat map", who="athlete", ready="document.querySelector('.leaflet-container')", kilobytes=500),
    View("activities", "/me/activities", "Activities", "Search in names", "newest first", who="athlete", kilobytes=290),
    View("activities-none", "/me/activities?q=no-such-name&after=soon", "Activities", "Nothing matches", "can't be read: the first day", who="athlete"),
    View("activity", "/me/activities/{activity}", "", "Course of the ride", "Best efforts", "Similar activities", "View on Strava", who="athlete",
         ready="document.querySelectorAll('.track canvas').length > 1 && document.querySelector('.leaflet-container')", kilobytes=500,
         picture="activity.png"),
    View("account", "/me/account", "Your data", "Disconnect and delete", "Held here", who="athlete"),
]
