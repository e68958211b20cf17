// The course of an activity: plots over one axis of distance or time, with one cursor for all and a part that can be selected.
"use strict";
(() => {
  const { base, colour, kinds, make, nearest } = FitnessCharts;
  const tokens = { alt: "--m-alt", hr: "--m-hr", power: "--m-power", speed: "--m-speed", cadence: "--m-cadence" };

  function clock(seconds) {
    const s = Math.round(seconds);
    const [h, m, rest] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, String(s % 60).padStart(2, "0")];
    return h ? `${h}:${String(m).padStart(2, "0")}:${rest}` : `${m}:${rest}`;
  }

  const written = (form, value) => {
    if (value === null || value === undefined) return "–";
    return form === "time" ? clock(value) : form === "tenth" ? value.toFixed(1) : Math.round(value).toLocaleString("en-US");
  };

  function trackChart(target, track, xs) {
    const line = (values, token, width) => ({
      data: values.map((y, i) => ({ x: xs[i], y })), borderColor: colour(token), borderWidth: width,
      fill: track.tone === "alt" ? "start" : false, backgroundColor: colour(token) + "33",
    });
    const noisy = ["power", "speed", "cadence"].includes(track.tone) ? 1.25 : 1.75;
    const sets = [line(track.values, tokens[track.tone], noisy)];
    if (track.others) sets.push(line(track.others, "--edge", 1.25));
    const limits = track.least !== null && track.least !== undefined ? { min: track.least, max: track.most } : {};
    return make(target, base("line", { datasets: sets }, {
      ...limits, reverse: track.isReversed, beginAtZero: ["power", "cadence"].includes(track.tone),
      ticks: { maxTicksLimit: 4, callback: (v) => (track.form === "time" ? clock(v) : v) },
    }, { min: xs[0], max: xs[xs.length - 1], ticks: { display: false } }));
  }

  // The axis under the last plot, in kilometres, miles or time.
  function axisTicks(scale, isTime) {
    const span = scale.max - scale.min;
    const steps = isTime ? [60, 300, 600, 900, 1800, 3600, 7200, 14400, 43200] : [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200, 500];
    const step = steps.find((s) => span / s <= (scale.chart.width < 500 ? 4 : 8)) || steps[steps.length - 1];
    const ticks = [];
    for (let v = Math.ceil(scale.min / step) * step; v <= scale.max + 1e-9; v += step) ticks.push({ value: Number(v.toFixed(3)) });
    scale.ticks = ticks;
  }

  // The whole course in small, with the selected part.
  function brushChart(target, data, xs) {
    const track = data.tracks[0];
    const isTime = data.axis === "time";
    const chart = make(target, base("line", { datasets: [{
      data: track.values.map((y, i) => ({ x: xs[i], y })), borderWidth: 0, fill: "start", backgroundColor: colour(tokens[track.tone]) + "40", plain: true,
    }] }, { reverse: track.isReversed, ticks: { display: false }, grid: { display: false, drawBorder: false } }, {
      min: xs[0], max: xs[xs.length - 1], afterBuildTicks: (scale) => axisTicks(scale, isTime),
      ticks: { color: colour("--text-3"), font: { size: 11 }, maxRotation: 0, autoSkip: false,
        callback: (v, i) => (isTime ? clock(v) : i === 0 ? `${v} ${data.wayUnit}` : v) },
    }));
    return chart;
  }

  const selection = {
    id: "selection",
    beforeDatasetsDraw(chart) {
      if (!chart.$part) return;
      const { ctx, chartArea: area, scales } = chart;
      const [from, to] = chart.$part.map((x) => scales.x.getPixelForValue(x));
      ctx.save();
      ctx.fillStyle = colour("--accent");
      ctx.globalAlpha = 0.14; ctx.fillRect(from, area.top, to - from, area.bottom - area.top);
      ctx.globalAlpha = 1; ctx.fillRect(from - 1.5, area.top, 3, area.bottom - area.top); ctx.fillRect(to - 1.5, area.top, 3, area.bottom - area.top);
      ctx.restore();
    },
  };

  // The figures between two points follow from sums up to each point.
  function partText(data, a, b) {
    const parts = [];
    // Of the ends as they are written, so that the difference is right.
    const tenths = (i) => Math.round((data.way[i] ?? 0) * 10);
    if (data.way) parts.push(`${((tenths(b) - tenths(a)) / 10).toFixed(1)} ${data.wayUnit}`);
    parts.push(clock(data.time_s[b] - data.time_s[a]));
    const mean = (sums, seconds) => (sums && seconds[b] > seconds[a] ? Math.round((sums[b] - sums[a]) / (seconds[b] - seconds[a])) : null);
    const [rate, power] = [mean(data.sums.heartrate, data.sums.heartrate_s), mean(data.sums.power, data.sums.power_s)];
    if (rate) parts.push(`${rate} bpm`);
    if (power !== null && data.tracks.some((track) => track.tone === "power")) parts.push(`${power} W`);
    if (data.sums.climb) parts.push(`+${data.sums.climb[b] - data.sums.climb[a]} ${data.sums.climbUnit}`);
    return parts.join(" · ");
  }

  kinds.course = (box, read, data) => {
    const card = box.closest("section");
    const [xs, isTime] = [data.x.map((x, i) => x ?? (i ? null : 0)), data.axis === "time"];
    xs.forEach((x, i) => { if (x === null) xs[i] = xs[i - 1]; });
    const heads = [...card.querySelectorAll(".track-h")];
    const fresh = (old) => { const made = old.cloneNode(); old.replaceWith(made); return made; };
    const plots = data.tracks.map((track, i) => trackChart(fresh(heads[i].nextElementSibling.querySelector("canvas")), track, xs));
    const brush = brushChart(fresh(card.querySelector(".brush-box canvas")), data, xs);
    const charts = [...plots, brush];
    const [said, clear] = [card.querySelector("#selection"), card.querySelector("#clear")];
    const rest = said.dataset.rest ||= said.textContent;
    let [place, anchor, part] = [null, null, null];

    const at = (x) => (isTime ? clock(x) : `${x.toFixed(1)} ${data.wayUnit}`);
    const tell = () => {
      const i = place;
      heads.forEach((head, n) => {
        const track = data.tracks[n];
        const marks = head.querySelectorAll("b");
        marks[0].textContent = i === null ? "" : written(track.form, track.values[i]);
        if (marks[1]) marks[1].textContent = i === null ? "" : written(track.form, track.others?.[i]);
      });
      const words = i === null ? ["Move with ← and →, select with a drag or with Shift"]
        : [`At ${isTime ? at(xs[i]) : `${at(xs[i])} · ${clock(data.time_s[i])}`}`, data.grade ? `Grade ${written("tenth", data.grade[i])} %` : ""];
      read.replaceChildren(...words.filter(Boolean).map((word, n) => {
        const span = document.createElement("span");
        span.className = i === null ? "quiet" : n ? "" : "when";
        span.textContent = word;
        return span;
      }));
    };
    const paint = () => {
      for (const chart of charts) { chart.$at = place === null ? null : xs[place]; chart.$place = place; chart.$part = part && part.map((i) => xs[i]); chart.draw(); }
    };
    const move = (to) => {
      place = to === null ? null : Math.max(0, Math.min(xs.length - 1, to));
      tell();
      paint();
      document.dispatchEvent(new CustomEvent("course:cursor", { detail: place }));
    };
    const select = (a, b) => {
      part = a === b ? null : [Math.min(a, b), Math.max(a, b)];
      clear.hidden = !part;
      said.textContent = part ? `Selected ${at(xs[part[0]]).replace(` ${data.wayUnit}`, "")} to ${at(xs[part[1]])}: ${partText(data, part[0], part[1])}` : rest;
    };
    for (const chart of charts) {
      const canvas = chart.canvas;
      canvas.addEventListener("pointerdown", (event) => {
        // A finger on a plot moves the cursor; on the strip below, it selects.
        if (event.pointerType === "mouse" ? event.button !== 0 : chart !== brush) { move(nearest(chart, event, xs)); return; }
        canvas.setPointerCapture(event.pointerId);
        anchor = nearest(chart, event, xs);
        move(anchor);
      });
      canvas.addEventListener("pointermove", (event) => {
        const to = nearest(chart, event, xs);
        if (anchor !== null && to !== anchor) select(anchor, to);
        move(to);
      });
      canvas.addEventListener("pointerup", () => { anchor = null; });
      canvas.addEventListener("pointercancel", () => { anchor = null; });
      canvas.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && anchor === null) move(null); });
    }
    brush.canvas.addEventListener("keydown", (event) => {
      const from = place ?? 0;
      const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: xs.length - 1 }[event.key];
      if (event.key === "Escape") { select(0, 0); anchor = null; move(null); }
      if (to === undefined) return;
      event.preventDefault();
      if (event.shiftKey) { anchor ??= from; select(anchor, Math.max(0, Math.min(xs.length - 1, to))); } else anchor = null;
      move(to);
      if (!event.shiftKey) anchor = null;
    });
    brush.canvas.addEventListener("blur", () => { anchor = null; });
    clear.onclick = () => { select(0, 0); paint(); };
    select(0, 0);
    move(null);
    return charts;
  };

  if (typeof Chart !== "undefined") Chart.register(selection);
})();
