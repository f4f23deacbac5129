// Draws the tables of figures that ask for it. The numbers are read out of the table, so that both agree.
"use strict";

(() => {
  const DAY = 24 * 3600;
  const NORM_HOURS = 24;

  function columnOf(table, key) {
    const heads = [...table.tHead.rows[0].cells];
    return heads.findIndex((head) => head.dataset.key === key);
  }

  function numbersOf(table, at) {
    return [...table.tBodies[0].rows].map((row) => {
      const value = row.cells[at].dataset.value;
      return value === "" ? null : Number(value);
    });
  }

  function color(number) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--figure-${number}`).trim();
  }

  function draw(place) {
    const table = document.getElementById(place.dataset.table);
    if (!table) return;
    const inHours = place.dataset.unit === "h";
    const days = [...table.tBodies[0].rows].map((row) => Date.parse(row.cells[0].dataset.value) / 1000);
    const keys = place.dataset.series.split(" ");
    const data = [days];
    const series = [{ label: table.tHead.rows[0].cells[0].textContent, value: "{YYYY}-{MM}-{DD}" }];
    keys.forEach((key, index) => {
      const at = columnOf(table, key);
      const numbers = numbersOf(table, at);
      data.push(inHours ? numbers.map((one) => (one === null ? null : one / 60)) : numbers);
      series.push({
        label: table.tHead.rows[0].cells[at].textContent,
        stroke: color(index + 1),
        width: 2,
        // Told apart without colour, too.
        dash: [[], [8, 4], [2, 3], [12, 4, 2, 4], [4, 8]][index % 5],
        points: { show: days.length < 40 },
        value: (_, one) => (one === null ? "–" : inHours ? `${one.toFixed(1)} h` : one),
      });
    });
    if (inHours) {
      data.push(days.map(() => NORM_HOURS));
      series.push({ label: "24 h", stroke: color(keys.length + 1), width: 1, dash: [4, 4], points: { show: false } });
    }
    const text = getComputedStyle(place).color;
    const axis = { stroke: text, grid: { stroke: "rgba(128, 128, 128, 0.25)" }, ticks: { stroke: "rgba(128, 128, 128, 0.25)" } };
    place.replaceChildren();
    place.hidden = false;
    new uPlot(
      {
        width: place.clientWidth,
        height: 260,
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
        scales: {
          // Of one moment alone uPlot would make years.
          x: days.length > 1 ? {} : { range: () => [days[0] - DAY, days[0] + DAY] },
          y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] },
        },
        // Hours and minutes say nothing of figures by day.
        axes: [{ ...axis, values: (_, ticks) => ticks.map((at) => new Date(at * 1000).toISOString().slice(5, 10)), incrs: [1, 2, 7, 14, 30, 91].map((n) => n * DAY) }, axis],
        series,
      },
      data,
      place,
    );
  }

  function drawAll() {
    document.querySelectorAll(".plot[data-table]").forEach(draw);
  }

  let width = 0;
  document.addEventListener("DOMContentLoaded", () => {
    if (typeof uPlot === "undefined") return;
    drawAll();
    width = window.innerWidth;
    window.addEventListener("resize", () => {
      if (window.innerWidth === width) return;
      width = window.innerWidth;
      drawAll();
    });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  });
})();
