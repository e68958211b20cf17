"""Headless Chromium, driven by Selenium, and what is looked at on each page.

Selenium is the W3C's WebDriver protocol, which the browser's makers keep, in Debian as python3-selenium with chromium-driver: browser and
driver come from one source package and always fit each other.
"""
import base64
import json

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

# What the page shows, measured. Contrast: each text against the nearest opaque ground behind it.
LOOK = r"""
const channel = c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const colour = text => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const behind = element => {
  for (let e = element; e; e = e.parentElement) {
    const c = colour(getComputedStyle(e).backgroundColor);
    if (c[3] === 255) return c;
  }
  return colour(getComputedStyle(document.documentElement).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff");
};
const isShown = element => {
  const box = element.getBoundingClientRect();
  return element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && box.width > 1 && box.height > 1
    && !element.closest(".vh, .skip, [hidden]");
};
const texts = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; node = walker.nextNode();) {
  const words = node.textContent.trim(), element = node.parentElement;
  if (!words || element.closest("script, style, option, svg") || !isShown(element)) continue;
  const style = getComputedStyle(element);
  const [a, b] = [luminance(colour(style.color)), luminance(behind(element))].sort((x, y) => y - x);
  const size = parseFloat(style.fontSize), isLarge = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
  texts.push({ words: words.slice(0, 40), ratio: (a + .05) / (b + .05), need: isLarge ? 3 : 4.5, size });
}
const targets = [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, summary")].filter(isShown).map(e => {
  const box = e.getBoundingClientRect();
  // A link within a sentence is exempt (WCAG 2.2, 2.5.8).
  const isInline = e.tagName === "A" && getComputedStyle(e).display === "inline";
  return { words: (e.textContent || e.name || e.type).trim().slice(0, 40), width: box.width, height: box.height, isInline };
});
const wide = [...document.querySelectorAll("body *")].filter(e => isShown(e) && e.getBoundingClientRect().right > innerWidth + 1
  && !e.closest(".scroll, .nav, svg")).slice(0, 5).map(e => `${e.tagName.toLowerCase()}.${e.className}`);
const resources = performance.getEntriesByType("resource"), page = performance.getEntriesByType("navigation")[0];
return {
  texts, targets, wide, title: document.title, lang: document.documentElement.lang, headings: document.querySelectorAll("h1").length,
  heading: document.querySelector("h1")?.textContent ?? "", words: document.body.innerText, overflow: document.documentElement.scrollWidth - innerWidth,
  foreign: resources.map(r => r.name).filter(name => new URL(name).origin !== location.origin),
  bytes: page.decodedBodySize + resources.reduce((sum, r) => sum + r.decodedBodySize, 0), requests: resources.length + 1,
  load_ms: page.domContentLoadedEventEnd - page.startTime, wait_ms: page.responseStart - page.requestStart,
  unlabelled: [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select")].filter(e => isShown(e)
    && !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length)).length,
  inline: document.querySelectorAll("[style]:not(.leaflet-container *, .leaflet-container, canvas, [data-drawn], [data-drawn] *)").length,
};
"""


class Browser:
    """One Chromium with a profile of its own."""

    def __init__(self):
        options = Options()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking"):
            options.add_argument(argument)
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(30)
        self.driver.set_script_timeout(30)

    def screen(self, width, height, scheme="light", scale=1):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, address):
        self.driver.get(address)

    def shows(self, address, condition):
        """Whether a page is there and, within half a second, a script's expression is true."""
        try:
            self.open(address)
        except WebDriverException:
            return False
        return self.settle(condition, .5)

    def press(self, words):
        script = "const found = [...document.querySelectorAll('button, a')].find(e => e.textContent.trim() === arguments[0]); found?.click(); return !!found"
        return self.driver.execute_script(script, words)

    def look(self):
        return self.driver.execute_script(LOOK)

    def settle(self, condition, seconds=10):
        """Waits until a script's expression is true."""
        return self.driver.execute_async_script(
            f"const done = arguments[0], end = Date.now() + {seconds * 1000};"
            f"const look = () => ({condition}) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 50); look()")

    def complaints(self):
        """What the page's console has said since, but for what is only information."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def run_axe(self, source):
        """The violations that axe-core finds: their rule, their impact, and where."""
        self.driver.execute_script(source)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
            ".then(result => done(JSON.stringify(result.violations.map(v => [v.id, v.impact, v.nodes.slice(0, 3).map(n => n.target.join(' '))]))))"
            ".catch(error => done(JSON.stringify([['axe', 'failed', [String(error)]]])))")
        return json.loads(found)

    def shoot(self, path, whole=True):
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.driver.quit()
