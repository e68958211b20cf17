// The curve of best efforts, which comes with its card.
"use strict";
(() => {
  const { base, canvas, colour, cursor, kinds, make, show } = FitnessCharts;

  kinds.curve = (box, read, data) => {
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
  };
})();
