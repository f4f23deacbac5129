// The queue by keyboard, and what is said of it to those who do not see it change.
"use strict";

(() => {
  const SWITCH = "upload_guard_queue_keys";
  const lines = document.getElementById("lines");
  if (!lines) return;
  const keys = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  const opener = document.getElementById("show-keys");

  const all = () => [...lines.querySelectorAll("a.case")];
  const current = () => {
    const line = document.activeElement && document.activeElement.closest(".line");
    return line && line.querySelector("a.case");
  };

  // Somebody who speaks to the machine, or whose hand shakes, can switch single keys off.
  on.checked = localStorage.getItem(SWITCH) !== "off";
  on.addEventListener("change", () => localStorage.setItem(SWITCH, on.checked ? "on" : "off"));
  opener.hidden = false;
  opener.addEventListener("click", () => keys.showModal());

  const move = (step) => {
    const links = all();
    if (!links.length) return;
    const at = links.indexOf(current());
    const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
    links[next].focus();
  };

  const mark = () => {
    const link = current();
    const box = link && link.closest(".line").querySelector('input[type="checkbox"]');
    if (box) box.checked = !box.checked;
  };

  // To the form that asks why: for what is marked, or else for this line.
  const decide = (button) => {
    const form = button.form;
    const link = current();
    if (!form.querySelector('input[name="case"]:checked')) {
      if (!link) return;
      const query = new URLSearchParams({ ruling: button.value, back: form.elements.back.value });
      query.append("case", link.closest(".line").dataset.number);
      location.assign(`${form.action}?${query}`);
      return;
    }
    form.requestSubmit(button);
  };

  const busy = (event) =>
    event.defaultPrevented ||
    event.ctrlKey ||
    event.altKey ||
    event.metaKey ||
    keys.open ||
    event.target.closest('input:not([type="checkbox"]), select, textarea');

  document.addEventListener("keydown", (event) => {
    if (busy(event) || (!on.checked && event.key !== "?")) return;
    const button = lines.querySelector(`button[data-key="${CSS.escape(event.key)}"]`);
    if (event.key === "?") keys.showModal();
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x") mark();
    else if (button) decide(button);
    else return;
    event.preventDefault();
  });

  // Only when something has changed: what is said again is heard again.
  const count = document.getElementById("count");
  const tell = () => {
    const said = lines.querySelector("#how-much");
    if (said && count.textContent !== said.textContent) count.textContent = said.textContent;
  };

  // A line that somebody else has decided is gone, and the one that took its place goes on.
  let place = -1;
  lines.addEventListener("htmx:beforeSwap", () => {
    place = all().indexOf(current());
  });
  lines.addEventListener("htmx:afterSettle", () => {
    tell();
    setTimeout(() => {
      const links = all();
      if (place < 0 || !links.length || document.activeElement !== document.body) return;
      links[Math.min(place, links.length - 1)].focus({ preventScroll: true });
    });
  });
})();
