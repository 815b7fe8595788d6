/* Chapter 9: the cell over a regular polygon, what it reaches and what (19) takes it for. */

"use strict";

(() => {
  const {kinds, draw, board, slider, arrows, readout, path} = Interactive;

  /** Largest u_1^2 + u_2^2 over the cone of k samples, and over its relaxation.

  The samples are (s cos, s sin, 1): the cone meets u_3 = 1 in a polygon of inradius
  1/s. The relaxation has a symmetric solution diag(a, a, b), 2a + b = 1, with
  a s^2 cos + b >= 0 for the widest angle between two samples. */
  function values(k, s) {
    const corner = 1 / (s * Math.cos(Math.PI / k)) ** 2;
    const widest = Math.cos((2 * Math.PI * Math.floor(k / 2)) / k);
    return {
      corner: Math.sqrt(corner),
      exact: corner / (1 + corner),
      relaxed: 2 / (2 - s * s * widest),
    };
  }

  kinds.polygon = (root, start) => {
    let {sides, opening} = start;
    const svg = board(root, "The cell over a regular polygon. Arrow keys change its " +
      "number of sides.", 460, 250);
    const say = readout(root);

    function show() {
      svg.replaceChildren();
      const {corner, exact, relaxed} = values(sides, opening);
      const size = 95;
      const corners = Array.from({length: sides}, (_, k) => {
        const angle = (2 * Math.PI * (k + 0.5)) / sides + Math.PI / 2;
        return [125 + size * Math.cos(angle), 125 - size * Math.sin(angle)];
      });
      draw(svg, "path", {class: "cell", d: path(corners, true)});
      draw(svg, "circle", {class: "level", cx: 125, cy: 125, r: size});
      for (const [cx, cy] of corners) draw(svg, "circle", {class: "top", cx, cy, r: 4});
      draw(svg, "text", {x: 125, y: 246, class: "middle"}, "the cell at height 1");
      [["true maximum", exact, "bar true"], ["relaxation", relaxed, "bar loose"]].forEach(
        ([name, value, kind], row) => {
          const y = 70 + 75 * row;
          draw(svg, "text", {x: 250, y: y - 8}, `${name}: ${value.toFixed(4)}`);
          draw(svg, "rect", {class: kind, x: 250, y, width: 195 * value, height: 22});
        });
      const tight = relaxed - exact < 1e-9;
      say(`${sides} sides, corners at distance ${corner.toFixed(3)}: the true maximum is ` +
        `${exact.toFixed(4)}, the relaxation has ${relaxed.toFixed(4)}` +
        (tight ? ", the same." : `, ${(100 * (relaxed / exact - 1)).toFixed(1)} % more.`));
    }

    const go = to => {
      sides = Math.min(Math.max(to, 3), 12);
      setSides(sides);
      show();
    };
    const setSides = slider(root, "sides", {min: 3, max: 12, step: 1, value: sides}, go);
    slider(root, "s", {min: 0.4, max: 3, step: 0.05, value: opening}, s => {
      opening = s;
      show();
    });
    arrows(svg, dx => go(sides + dx));
    show();
  };
})();
