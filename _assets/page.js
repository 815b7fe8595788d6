/* What the pages do beyond the theme's scripts. Handlers do not stand in attributes,
   which the Content-Security-Policy of the pages forbids: buttons name an action. */

"use strict";

(() => {
  const actions = {
    "print": () => window.print(),
    "full-screen": () => window.toggleFullScreen(),
    "run-here": () => document.getElementById("run-here").showModal(),
  };

  document.addEventListener("click", event => {
    const button = event.target.closest("[data-action]");
    if (button) actions[button.dataset.action]();
  });

  // The theme takes the key, so the browser does not close a dialog by itself.
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") document.querySelector("dialog[open]")?.close();
  }, {capture: true});

  /** Let the keyboard reach, and so slide, a picture that is wider than its box. */
  function reach(figure) {
    if (figure.scrollWidth > figure.clientWidth) figure.tabIndex = 0;
    else figure.removeAttribute("tabindex");
  }
  document.addEventListener("DOMContentLoaded", () => {
    const watch = new ResizeObserver(all => all.forEach(seen => {
      reach(seen.target.closest("figure"));
    }));
    document.querySelectorAll("article figure img").forEach(img => watch.observe(img));
  });
})();
