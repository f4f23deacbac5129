// The page of one case: keys that open its forms, and the repeats of its picture as a plot.
"use strict";

(() => {
  const busy = (event) =>
    event.defaultPrevented ||
    event.ctrlKey ||
    event.altKey ||
    event.metaKey ||
    event.target.closest("input, select, textarea, dialog[open]");

  const open = (details) => {
    details.open = true;
    const first = details.querySelector("select, input:not([type=hidden]), button");
    first.focus();
    details.scrollIntoView({ block: "nearest" });
  };

  const follow = (rel) => {
    const link = document.querySelector(`.around a[rel="${rel}"]`);
    if (link) link.click();
  };

  document.addEventListener("keydown", (event) => {
    if (busy(event)) return;
    const keys = document.getElementById("keys");
    if (event.key === "?") keys.showModal();
    else if (event.key === "n") follow("next");
    else if (event.key === "p") follow("prev");
    else {
      const details = document.querySelector(`details[data-key="${CSS.escape(event.key)}"]`);
      if (!details) return;
      open(details);
    }
    event.preventDefault();
  });

  // Words of one's own are needed where no reason was chosen.
  document.addEventListener("change", (event) => {
    if (!event.target.matches('select[name="reason"]')) return;
    const words = event.target.form.elements.because;
    words.required = event.target.value === "own";
  });

  const plot = () => {
    const place = document.getElementById("plot");
    const table = document.getElementById("days");
    if (!place || !table || typeof uPlot === "undefined") return;
    const rows = [...table.tBodies[0].rows];
    const found = new Map(
      rows.map((row) => [Date.parse(`${row.cells[0].textContent}T00:00:00Z`) / 1000, Number(row.cells[1].textContent)]),
    );
    // Days without any are none in the table, and zero in the plot.
    const days = [...found.keys()];
    const times = [];
    for (let at = days[0]; at <= days[days.length - 1]; at += 86400) times.push(at);
    const counts = times.map((at) => found.get(at) || 0);
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--pico-color").trim();
    const faint = style.getPropertyValue("--pico-muted-border-color").trim();
    const axis = { stroke: ink, grid: { stroke: faint }, ticks: { stroke: faint } };
    const dates = (_, splits) => splits.map((at) => new Date(at * 1000).toISOString().slice(0, 10));
    const bars = style.getPropertyValue("--pico-primary").trim();
    const drawn = new uPlot(
      {
        width: Math.min(place.parentElement.clientWidth, 720),
        height: 180,
        legend: { show: false },
        cursor: { show: false },
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
        // Half a day more at both ends, or the first and last bars would be cut.
        scales: { x: { range: (_, low, high) => [low - 43200, high + 43200] }, y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
        axes: [{ ...axis, values: dates, space: 90, incrs: [1, 2, 7, 14, 28, 91, 364].map((days) => days * 86400) }, { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] }],
        series: [{}, { stroke: bars, fill: bars, paths: uPlot.paths.bars({ size: [0.8, 40] }), points: { show: false } }],
      },
      [times, counts],
      place,
    );
    window.addEventListener("resize", () => {
      drawn.setSize({ width: Math.min(place.parentElement.clientWidth, 720), height: 180 });
    });
  };

  plot();
})();
