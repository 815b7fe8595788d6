/* Chapter 5: the rounds of the solver, one at a time, as the chapter computed them. */

"use strict";

(() => {
  const {kinds, draw, board, slider, arrows, readout, path} = Interactive;

  kinds.rounds = (root, values) => {
    const last = values.rounds.length - 1;
    let round = 0;
    const svg = board(root, "Correlation of every direction with the residual. Left and " +
      "right arrow keys go from round to round.", 460, 300);
    const say = readout(root);
    const number = a => (a === 0 ? "0" : a.toPrecision(2));

    function show() {
      svg.replaceChildren();
      const {curve, neurons, primal, dual} = values.rounds[round];
      const height = Math.max(...curve, values.beta) * 1.1;
      const at = (degrees, value) => [
        30 + (420 * degrees) / 360, 265 - (250 * value) / height];
      draw(svg, "line", {class: "axis", x1: 30, y1: 265, x2: 450, y2: 265});
      const [, level] = at(0, values.beta);
      draw(svg, "line", {class: "level", x1: 30, y1: level, x2: 450, y2: level});
      draw(svg, "text", {x: 12, y: level + 5}, "β");
      const step = 360 / (curve.length - 1);
      draw(svg, "path", {class: "curve", d: path(curve.map((c, k) => at(k * step, c)))});
      for (const degrees of neurons) {
        const [x, y] = at(degrees, 0);
        draw(svg, "path", {class: "foot", d: `M${x} ${y - 9}l5 9h-10z`});
      }
      draw(svg, "text", {x: 240, y: 290, class: "middle"},
        "direction of u, and the network's neurons");
      const gap = (primal - dual) / primal;
      say(`Round ${round} of ${last}: ${neurons.length} neurons, objective ` +
        `${primal.toPrecision(8)}, relative certified gap ${number(gap)}.`);
    }

    const go = to => {
      round = Math.min(Math.max(to, 0), last);
      setRound(round);
      show();
    };
    const setRound = slider(root, "round", {min: 0, max: last, step: 1, value: 0}, go);
    arrows(svg, dx => go(round + dx));
    show();
  };
})();
