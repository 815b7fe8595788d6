/* On paper: proofs, solutions and folded code lie open, and it is day. The page is as
   before when the print is done. */

"use strict";

window.Paper = (() => {
  let undo = [];

  /** Open one drop-down, and remember to close it. */
  function open(details) {
    details.open = true;
    undo.push(() => { details.open = false; });
  }

  /** Show what a button hides, and remember to hide it. */
  function show(box) {
    box.classList.remove("toggle-hidden");
    undo.push(() => { box.classList.add("toggle-hidden"); });
  }

  /** Make the page ready for paper. */
  function prepare() {
    restore();
    const root = document.documentElement;
    const {theme} = root.dataset;
    root.dataset.theme = "light";
    undo.push(() => { root.dataset.theme = theme; });
    document.querySelectorAll("article details:not([open])").forEach(open);
    document.querySelectorAll("article .toggle-hidden").forEach(show);
  }

  /** Undo it. */
  function restore() {
    undo.forEach(step => step());
    undo = [];
  }

  window.addEventListener("beforeprint", prepare);
  window.addEventListener("afterprint", restore);
  return {prepare, restore};
})();
