/* Figures that move: what they share. A page's cell leaves
   <div class="interactive" data-kind="planar" data-values="{...}">; the script of that
   kind draws into it. Nothing is fetched, and without scripts the still figure above
   it remains. Every figure can be worked from the keyboard. */

"use strict";

window.Interactive = (() => {
  const NS = "http://www.w3.org/2000/svg";
  const kinds = {};

  /** Make an SVG element with attributes inside `parent`. */
  function draw(parent, name, attributes = {}, text = null) {
    const node = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== null) node.textContent = text;
    parent.append(node);
    return node;
  }

  /** Make an HTML element inside `parent`. */
  function make(parent, name, className = "", text = null) {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== null) node.textContent = text;
    parent.append(node);
    return node;
  }

  /** Make a drawing of `width` by `height` units that the keyboard can reach. */
  function board(parent, label, width, height) {
    const svg = draw(parent, "svg", {
      viewBox: `0 0 ${width} ${height}`,
      role: "application",
      "aria-label": label,
      tabindex: "0",
    });
    svg.classList.add("interactive-board");
    return svg;
  }

  /** Make a labelled slider; `changed(value)` is called at every move. What comes back
      moves it from outside, without a call. */
  function slider(parent, label, {min, max, step, value}, changed) {
    const frame = make(parent, "label", "interactive-slider");
    const name = make(frame, "span");
    const input = make(frame, "input");
    Object.assign(input, {type: "range", min, max, step});
    const set = to => {
      input.value = to;
      name.textContent = `${label} = ${to}`;
    };
    set(value);
    input.addEventListener("input", () => {
      set(input.value);
      changed(Number(input.value));
    });
    return set;
  }

  /** Call `moved(x, y)` in units of the drawing while the pointer is held down. */
  function drag(svg, moved, begun = () => {}) {
    const place = event => {
      const box = svg.getBoundingClientRect();
      const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
      return [
        ((event.clientX - box.left) / box.width) * width,
        ((event.clientY - box.top) / box.height) * height,
      ];
    };
    svg.addEventListener("pointerdown", event => {
      svg.setPointerCapture(event.pointerId);
      begun(...place(event));
      moved(...place(event));
      svg.focus({preventScroll: true});
      event.preventDefault();
    });
    svg.addEventListener("pointermove", event => {
      if (svg.hasPointerCapture(event.pointerId)) moved(...place(event));
    });
  }

  const ARROWS = {
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
  };

  /** Call `pressed(dx, dy)` at the arrow keys; `other(key)` may take further keys. */
  function arrows(svg, pressed, other = () => false) {
    svg.addEventListener("keydown", event => {
      const step = ARROWS[event.key];
      if (step) pressed(...step);
      if (step || other(event.key)) event.preventDefault();
    });
  }

  /** Write the sentence that says what is seen, for the eye and the ear. */
  function readout(parent) {
    const node = make(parent, "p", "interactive-readout");
    node.setAttribute("aria-live", "polite");
    return text => { node.textContent = text; };
  }

  /** A path through points, closed if asked. */
  function path(points, closed = false) {
    const body = points.map(p => `${p[0].toFixed(2)} ${p[1].toFixed(2)}`).join("L");
    return `M${body}${closed ? "Z" : ""}`;
  }

  function start() {
    for (const root of document.querySelectorAll(".interactive[data-kind]")) {
      const kind = kinds[root.dataset.kind];
      if (!kind) continue;
      root.textContent = "";
      root.classList.add("interactive-alive");
      kind(root, JSON.parse(root.dataset.values));
    }
  }
  document.addEventListener("DOMContentLoaded", start);

  return {kinds, draw, make, board, slider, drag, arrows, readout, path};
})();
