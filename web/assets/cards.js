// Cards below the first view: the calendar's tip, maps.
"use strict";
const FitnessCards = (() => {
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
      await Promise.all([load("leaflet.css"), load("map.css")]);
      await load("leaflet.js");
      await load("map.js");
      await FitnessMaps[kind](box);
    } catch {
      const note = document.createElement("p");
      note.className = "quiet";
      note.textContent = "The map could not be read.";
      box.append(note);
    }
  }

  function begin(root, { load, whenNear }) {
    root.querySelectorAll(".cal").forEach(calendar);
    root.querySelectorAll("[data-heat]").forEach((box) => whenNear(box, () => map(box, "heat", load)));
    root.querySelectorAll("[data-route][data-maps]").forEach((box) => whenNear(box, () => map(box, "route", load)));
  }

  return { begin };
})();
