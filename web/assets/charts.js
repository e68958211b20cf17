// Charts of an athlete's pages: what the page holds as JSON, drawn by Chart.js. The line above a chart is its legend and shows what stands at the
// cursor, which pointer, finger and keyboard move alike.
"use strict";
const FitnessCharts = (() => {
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const drawn = new Map();

  const dateOf = (day) => new Date(day * 864e5);
  const dayText = (day) => { const d = dateOf(day); return `${weekdays[d.getUTCDay()]} ${d.getUTCDate()} ${months[d.getUTCMonth()]} ${d.getUTCFullYear()}`; };
  const shortDay = (day) => { const d = dateOf(day); return `${d.getUTCDate()} ${months[d.getUTCMonth()]}`; };
  const signed = (value) => (value < 0 ? "−" : value > 0 ? "+" : "") + Math.abs(value);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // A sample of a line or a bar for the legend.
  function swatch(part) {
    if (!part.line) return element("i", `sw f-${part.tone}`);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "ln");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", `s-${part.tone}${part.dashed ? " dots" : ""}`);
    path.setAttribute("d", "M0 4H16");
    svg.append(path);
    return svg;
  }

  function show(read, parts) {
    read.replaceChildren(...parts.map((part) => {
      if (!part.value) return element("span", part.strong ? "when" : "quiet", part.name);
      const key = element("span", "key");
      if (part.tone) key.append(swatch(part));
      key.append(part.name + " ", element("b", "", part.value));
      return key;
    }));
  }

  // What all charts have in common. Axes: few lines across, none down, no line of the axis itself.
  function base(type, data, y, x) {
    const text = colour("--text-3");
    const font = { size: 11 };
    return {
      type, data,
      options: {
        animation: false, parsing: false, normalized: true, maintainAspectRatio: false, events: [],
        layout: { padding: { top: 6, right: 4 } },
        plugins: { legend: { display: false }, tooltip: { enabled: false } },
        elements: { point: { radius: 0, hitRadius: 0 }, line: { tension: 0, borderJoinStyle: "round" } },
        scales: {
          x: { type: "linear", grid: { display: false, drawBorder: false }, ticks: { color: text, font, maxRotation: 0, autoSkip: false }, ...x },
          y: {
            grid: { color: (at) => (y.zero && at.tick.value === 0 ? colour("--edge") : colour("--line")), drawBorder: false, drawTicks: false },
            afterFit: (scale) => { scale.width = 48; },
            ...y,
            ticks: { color: text, font, maxTicksLimit: 5, padding: 6, ...y.ticks },
          },
        },
      },
    };
  }

  // The line of the cursor, hollow points on the curves, a dashed mean.
  const overlay = {
    id: "overlay",
    afterDatasetsDraw(chart) {
      const { ctx, chartArea: area, scales } = chart;
      const at = chart.$at;
      ctx.save();
      if (chart.$mean !== undefined) {
        const y = scales.y.getPixelForValue(chart.$mean);
        ctx.strokeStyle = colour("--text-2");
        ctx.setLineDash([5, 4]);
        ctx.beginPath(); ctx.moveTo(area.left, y); ctx.lineTo(area.right, y); ctx.stroke();
        ctx.setLineDash([]);
      }
      if (at !== undefined && at !== null) {
        const x = scales.x.getPixelForValue(at);
        if (x >= area.left - 1 && x <= area.right + 1) {
          ctx.globalAlpha = 0.55; ctx.strokeStyle = colour("--text"); ctx.lineWidth = 1;
          ctx.beginPath(); ctx.moveTo(x, area.top); ctx.lineTo(x, area.bottom); ctx.stroke();
          ctx.globalAlpha = 1; ctx.fillStyle = colour("--surface"); ctx.lineWidth = 2;
          if (chart.config.type === "line") chart.data.datasets.forEach((set) => {
            const point = set.data[chart.$place];
            if (!point || point.y === null || set.plain) return;
            ctx.strokeStyle = set.borderColor;
            ctx.beginPath(); ctx.arc(x, scales.y.getPixelForValue(point.y), 3.5, 0, 7); ctx.fill(); ctx.stroke();
          });
        }
      }
      ctx.restore();
    },
  };

  function canvas(box, size, label) {
    const frame = element("div", `plot-box ${size}`);
    const made = document.createElement("canvas");
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", label);
    frame.append(made);
    box.append(frame);
    return made;
  }

  const make = (target, config) => new Chart(target, { ...config, plugins: [overlay] });

  // The place among the points xs that is nearest to the pointer.
  function nearest(chart, event, xs) {
    const value = chart.scales.x.getValueForPixel(event.clientX - chart.canvas.getBoundingClientRect().left);
    let best = 0;
    xs.forEach((x, i) => { if (Math.abs(x - value) < Math.abs(xs[best] - value)) best = i; });
    return best;
  }

  // One cursor for charts with the same points. `home`: where it rests; `tell`: what it says there.
  function cursor(charts, xs, home, tell) {
    let place = home;
    const move = (to, isResting) => {
      place = Math.max(0, Math.min(xs.length - 1, to));
      for (const chart of charts) { chart.$at = isResting && home === xs.length - 1 ? null : xs[place]; chart.$place = place; chart.draw(); }
      tell(place);
    };
    for (const chart of charts) {
      chart.canvas.addEventListener("pointermove", (event) => move(nearest(chart, event, xs)));
      chart.canvas.addEventListener("pointerdown", (event) => move(nearest(chart, event, xs)));
      chart.canvas.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") move(home, true); });
    }
    const first = charts[0].canvas;
    first.tabIndex = 0;
    first.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: xs.length - 1, Escape: home }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      move(to, event.key === "Escape");
    });
    first.addEventListener("blur", () => move(home, true));
    move(home, true);
  }

  // At most so many ticks at true places: weeks, months or years.
  function dayTicks(scale) {
    const span = scale.max - scale.min;
    const most = scale.chart.width < 500 ? 4 : 7;
    const ticks = [];
    if (span < 100) {
      for (let day = Math.ceil(scale.min); day <= scale.max; day += 1) if (dateOf(day).getUTCDay() === 1) ticks.push(day);
    } else {
      const d = dateOf(scale.min);
      for (let m = 1; ; m += 1) {
        const day = Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + m, 1) / 864e5;
        if (day > scale.max) break;
        if (span < 1500 || dateOf(day).getUTCMonth() === 0) ticks.push(day);
      }
    }
    const step = Math.ceil(ticks.length / most);
    scale.ticks = ticks.filter((_, i) => i % step === 0).map((value) => ({ value }));
  }

  function dayTick(value, span) {
    const d = dateOf(value);
    if (span < 100) return shortDay(value);
    return d.getUTCMonth() === 0 ? String(d.getUTCFullYear()) : months[d.getUTCMonth()];
  }

  function fitness(box, read, data) {
    const xs = data.ctl.map((_, i) => data.start + i * data.step);
    const dash = { borderDash: (at) => (at.p0DataIndex >= data.now ? [5, 4] : undefined) };
    const line = (values, token, width, more) => ({
      data: values.map((y, i) => ({ x: xs[i], y })), borderColor: colour(token), borderWidth: width, segment: dash, ...more,
    });
    const x = { min: xs[0], max: xs[xs.length - 1], afterBuildTicks: dayTicks };
    const label = box.dataset.label;
    const top = make(canvas(box, "h230", label), base("line", { datasets: [
      line(data.ctl, "--m-ctl", 2.25, { fill: "origin", backgroundColor: colour("--m-ctl") + "21" }), line(data.atl, "--m-atl", 1.25),
    ] }, { beginAtZero: true }, { ...x, ticks: { display: false } }));
    const form = data.ctl.map((v, i) => v - data.atl[i]);
    const bottom = make(canvas(box, "h100", "Form, fitness minus fatigue"), base("line", { datasets: [line(form, "--m-tsb", 1.75)] },
      { zero: true, ticks: { maxTicksLimit: 4, callback: signed }, suggestedMin: -10, suggestedMax: 10 },
      { ...x, ticks: { color: colour("--text-3"), font: { size: 11 }, maxRotation: 0, autoSkip: false,
        callback: (value) => dayTick(value, xs[xs.length - 1] - xs[0]) } }));
    cursor([top, bottom], xs, data.now, (i) => {
      const [fit, tired] = [Math.round(data.ctl[i]), Math.round(data.atl[i])];
      show(read, [
        { name: (i === data.now ? "Today, " : "") + dayText(xs[i]), strong: true },
        { name: "Fitness", value: String(fit), tone: "ctl", line: true }, { name: "Fatigue", value: String(tired), tone: "atl", line: true },
        { name: "Form", value: signed(fit - tired), tone: "tsb", line: true },
        i <= data.now && data.step === 1 ? { name: "Load of the day", value: String(data.load[i]) } : { name: i > data.now ? "if you rest" : "" },
        i === data.now ? { name: "dashed: if you rest" } : { name: "" },
      ].filter((part) => part.name));
    });
    return [top, bottom];
  }

  function volume(box, read, data) {
    const surface = colour("--surface");
    const xs = data.weeks.map((_, i) => i);
    const last = xs.length - 1;
    const every = Math.ceil(xs.length / (box.clientWidth < 420 ? 4 : 6));
    const chart = make(canvas(box, "h220", box.dataset.label), base("bar", { datasets: data.series.map((set) => ({
      data: set.values.map((y, i) => ({ x: i, y })), backgroundColor: colour(`--s-${set.tone}`), borderColor: surface, borderWidth: { top: 1 },
      barPercentage: 0.75, categoryPercentage: 1, stack: "all",
    })) }, { beginAtZero: true, stacked: true, ticks: { callback: (v, i, all) => (i === all.length - 1 ? `${v} ${data.unit}` : v) } },
    { stacked: true, offset: false, min: -0.5, max: last + 0.5, afterBuildTicks: (scale) => {
      scale.ticks = xs.filter((i) => (last - i) % every === 0).map((value) => ({ value }));
    }, ticks: { color: colour("--text-3"), font: { size: 11 }, maxRotation: 0, autoSkip: false,
      callback: (i) => (i === last ? "now" : shortDay(data.weeks[i])) } }));
    chart.$mean = data.mean;
    cursor([chart], xs, last, (i) => show(read, [
      { name: i === last ? "This week" : "Week of " + shortDay(data.weeks[i]), strong: true },
      ...data.series.map((set) => ({ name: set.name, value: set.texts[i], tone: set.tone })),
      { name: "All", value: data.sums[i] }, { name: "Mean", value: data.meanText, tone: "mid", line: true, dashed: true },
    ]));
    return [chart];
  }

  const kinds = { fitness, volume };

  function drawBox(box) {
    for (const chart of drawn.get(box) || []) chart.destroy();
    box.querySelectorAll(".plot-box").forEach((old) => old.remove());
    const data = JSON.parse(box.querySelector("script").textContent);
    const read = document.getElementById(`read-${box.dataset.chart}`);
    if (kinds[data.kind]) drawn.set(box, kinds[data.kind](box, read, data));
  }

  function draw(root) {
    for (const box of drawn.keys()) if (!box.isConnected) { drawn.get(box).forEach((chart) => chart.destroy()); drawn.delete(box); }
    if (typeof Chart === "undefined") return;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    root.querySelectorAll("[data-chart]").forEach(drawBox);
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(document));
  return { base, canvas, colour, cursor, draw, kinds, make, nearest, show };
})();
