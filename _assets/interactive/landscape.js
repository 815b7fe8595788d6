/* Chapter 1: the objective of one neuron with one input, and where descent ends. */

"use strict";

(() => {
  const {kinds, make, draw, board, slider, drag, arrows, readout, path} = Interactive;
  const REACH = 2;
  const SIDE = 300;
  const screen = ([u, v]) => [
    (SIDE * (u + REACH)) / (2 * REACH), (SIDE * (REACH - v)) / (2 * REACH)];
  const clamp = a => Math.min(Math.max(a, -REACH), REACH);

  kinds.landscape = (root, values) => {
    const {x, y} = values;
    let beta = values.beta;
    let from = values.start;
    const frame = make(root, "div", "interactive-stack");
    const canvas = make(frame, "canvas", "interactive-ground");
    canvas.width = canvas.height = 150;
    const svg = board(frame, "Weights of one neuron. Arrow keys move the start of " +
      "gradient descent.", SIDE, SIDE);
    const say = readout(root);

    const value = ([u, v]) => x.reduce((sum, xi, i) =>
      sum + (Math.max(xi * u, 0) * v - y[i]) ** 2 / 2, (beta / 2) * (u * u + v * v));
    function slope([u, v]) {
      let [du, dv] = [beta * u, beta * v];
      x.forEach((xi, i) => {
        const h = Math.max(xi * u, 0);
        const r = h * v - y[i];
        if (h > 0) du += r * v * xi;
        dv += r * h;
      });
      return [du, dv];
    }

    function ground() {
      const pen = canvas.getContext("2d");
      const image = pen.createImageData(150, 150);
      const all = [];
      for (let row = 0; row < 150; row++) {
        for (let column = 0; column < 150; column++) {
          all.push(value([(column / 74.5 - 1) * REACH, (1 - row / 74.5) * REACH]));
        }
      }
      const low = Math.min(...all);
      const high = Math.max(...all);
      all.forEach((f, k) => {
        const depth = 1 - Math.sqrt((f - low) / (high - low));
        const band = Math.floor(depth * 14) / 14;
        image.data.set([0, 114, 178, Math.round(210 * band)], 4 * k);
      });
      pen.putImageData(image, 0, 0);
    }

    function show() {
      svg.replaceChildren();
      draw(svg, "line", {class: "axis", x1: 0, y1: 150, x2: SIDE, y2: 150});
      draw(svg, "line", {class: "axis", x1: 150, y1: 0, x2: 150, y2: SIDE});
      draw(svg, "text", {x: 288, y: 145}, "u");
      draw(svg, "text", {x: 156, y: 14}, "v");
      const steps = [from];
      let here = from;
      for (let k = 0; k < 4000; k++) {
        const [du, dv] = slope(here);
        here = [here[0] - 0.02 * du, here[1] - 0.02 * dv];
        if (k % 4 === 0) steps.push(here);
        if (Math.hypot(du, dv) < 1e-7) break;
      }
      draw(svg, "path", {class: "descent", d: path(steps.map(screen))});
      const [sx, sy] = screen(from);
      draw(svg, "circle", {class: "sample chosen", cx: sx, cy: sy, r: 7});
      const [ex, ey] = screen(here);
      draw(svg, "circle", {class: "top", cx: ex, cy: ey, r: 6});
      say(`From u = ${from[0].toFixed(2)}, v = ${from[1].toFixed(2)} descent ends at ` +
        `u = ${here[0].toFixed(2)}, v = ${here[1].toFixed(2)}, objective ` +
        `${value(here).toFixed(4)}.`);
    }

    const place = (a, b) => {
      from = [clamp((a / SIDE) * 2 * REACH - REACH), clamp(REACH - (b / SIDE) * 2 * REACH)];
      show();
    };
    drag(svg, place);
    arrows(svg, (dx, dy) => {
      from = [clamp(from[0] + 0.1 * dx), clamp(from[1] + 0.1 * dy)];
      show();
    });
    slider(root, "β", {min: 0.05, max: 3, step: 0.05, value: beta}, b => {
      beta = b;
      ground();
      show();
    });
    ground();
    show();
  };
})();
