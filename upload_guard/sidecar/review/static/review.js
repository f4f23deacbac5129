// What all pages have: the focus stays where it was when htmx puts in a new part.
"use strict";

(() => {
  let held = null;

  document.addEventListener("htmx:beforeSwap", () => {
    const active = document.activeElement;
    held = active && active !== document.body ? active.id : null;
  });

  document.addEventListener("htmx:afterSettle", () => {
    if (!held || document.activeElement !== document.body) return;
    const again = document.getElementById(held);
    if (again) again.focus({ preventScroll: true });
    held = null;
  });
})();
