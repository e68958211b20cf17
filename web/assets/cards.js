// Cards that are not in the first view: curves, the calendar's tip, maps.
"use strict";
const FitnessCards = (() => {
  const { base, canvas, colour, cursor, kinds, make, show } = FitnessCharts;

  function curve(box, read, data) {
    const main = { power: "--m-power", speed: "--m-speed", hr: "--m-hr" }[data.tone];
    const style = {
      now: { borderColor: colour(main), borderWidth: 2.25 }, before: { borderColor: colour("--edge"), borderWidth: 1.75 },
      all: { borderColor: colour(main), borderWidth: 1.25, borderDash: [5, 4], plain: true },
    };
    const narrow = box.clientWidth < 420;
    const wanted = data.tone === "speed" ? [400, 1000, 5000, 10000, 21097.5, 42195] : [1, 5, 15, 60, 300, 1200, 3600, 10800];
    const ticks = wanted.filter((x) => data.x.includes(x)).filter((_, i) => !narrow || i % 2 === 0);
    const time = (s) => `${Math.floor(s / 60)}:${String(Math.round(s % 60)).padStart(2, "0")}`;
    const chart = make(canvas(box, "h220", box.dataset.label), base("line", { datasets: [...data.series].reverse().map((set) => ({
      data: set.values.map((y, i) => ({ x: data.x[i], y })), ...style[set.style],
    })) }, { reverse: data.isReversed, beginAtZero: data.tone === "power", ticks: {
      callback: (v, i, all) => (data.isReversed ? time(v) : v) + (i === (data.isReversed ? 0 : all.length - 1) ? ` ${data.unit}` : ""),
    } }, { type: "logarithmic", min: data.x[0], max: data.x[data.x.length - 1], afterBuildTicks: (scale) => {
      scale.ticks = ticks.map((value) => ({ value }));
    }, ticks: { color: colour("--text-3"), font: { size: 11 }, maxRotation: 0, autoSkip: false,
      callback: (x) => data.labels[data.x.indexOf(x)].replace("Half marathon", "21.1 km").replace("Marathon", "42.2 km") } }));
    // Where the eye looks first: the longest common one, 20 minutes or 5 km, that this period has.
    const typical = data.tone === "speed" ? 5000 : 1200;
    let home = data.x.findIndex((x) => x === typical);
    if (home < 0 || data.series[0].values[home] === null) home = Math.max(0, data.series[0].values.findLastIndex((y) => y !== null));
    cursor([chart], data.x, home, (i) => show(read, [
      { name: data.labels[i], strong: true },
      ...data.series.map((set) => ({ name: set.name, value: set.texts[i], tone: set.style === "before" ? "mid" : data.tone, line: true,
        dashed: set.style === "all" })),
    ]));
    return [chart];
  }

  kinds.curve = curve;

  // Of the calendar: a tip for the day under the pointer, or at the keyboard's cursor.
  function calendar(box) {
    box.scrollLeft = box.scrollWidth;
    const days = [...box.querySelectorAll("rect[data-d]")];
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    box.after(tip);
    let place = days.length - 1;
    const show = (to) => {
      place = Math.max(0, Math.min(days.length - 1, to));
      const day = days[place];
      const date = new Date(day.dataset.d * 864e5);
      const title = document.createElement("b");
      title.textContent = date.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).replace(",", "");
      tip.replaceChildren(title, document.createElement("br"), day.dataset.t || "No activity");
      tip.hidden = false;
      const [at, card] = [day.getBoundingClientRect(), box.parentElement.getBoundingClientRect()];
      tip.style.left = `${Math.max(0, Math.min(at.left - card.left, card.width - tip.offsetWidth))}px`;
      tip.style.top = `${at.bottom - card.top + 6}px`;
    };
    box.parentElement.classList.add("has-tip");
    box.addEventListener("pointermove", (event) => { const day = event.target.closest("rect[data-d]"); if (day) show(days.indexOf(day)); });
    box.addEventListener("pointerleave", () => { tip.hidden = true; });
    box.addEventListener("blur", () => { tip.hidden = true; });
    box.addEventListener("keydown", (event) => {
      const to = { ArrowUp: place - 1, ArrowDown: place + 1, ArrowLeft: place - 7, ArrowRight: place + 7, Home: 0, End: days.length - 1 }[event.key];
      if (event.key === "Escape") tip.hidden = true;
      if (to === undefined) return;
      event.preventDefault();
      show(to);
      days[place].scrollIntoView?.({ block: "nearest", inline: "nearest" });
    });
  }

  async function map(box, kind, load) {
    try {
      await Promise.all([load("/assets/leaflet.css"), load("/assets/map.css")]);
      await load("/assets/leaflet.js");
      await load("/assets/map.js");
      await FitnessMaps[kind](box);
    } catch {
      const note = document.createElement("p");
      note.className = "quiet";
      note.textContent = "The map could not be read.";
      box.append(note);
    }
  }

  function begin(root, { load, whenNear }) {
    if (root.querySelector("[data-chart='curves']")) FitnessCharts.draw(root);
    root.querySelectorAll(".cal").forEach(calendar);
    root.querySelectorAll("[data-heat]").forEach((box) => whenNear(box, () => map(box, "heat", load)));
    root.querySelectorAll("[data-route][data-maps]").forEach((box) => whenNear(box, () => map(box, "route", load)));
  }

  return { begin };
})();
