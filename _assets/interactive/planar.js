/* Chapter 4: points of the plane, their sectors, and kappa around the circle, exactly.
   The optimum below comes from the rounds of Chapter 5, with its own certificate. */

"use strict";

(() => {
  const {kinds, draw, board, slider, drag, arrows, readout, path, make} = Interactive;
  const TURN = 2 * Math.PI;
  const NEAR = 0.1;
  const count = all => `${all.length} neuron${all.length === 1 ? "" : "s"}`;
  const turned = angle => ((angle % TURN) + TURN) % TURN;
  const unit = angle => [Math.cos(angle), Math.sin(angle)];
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1];

  /** |Z^T (X u)_+| of a unit vector at an angle. */
  function correlation(X, Z, angle) {
    const u = unit(angle);
    const total = Z[0].map(() => 0);
    X.forEach((x, i) => {
      const h = Math.max(dot(x, u), 0);
      Z[i].forEach((z, k) => { total[k] += z * h; });
    });
    return Math.hypot(...total);
  }

  /** The angles of all walls, sorted. */
  function walls(X) {
    const found = [];
    for (const x of X) {
      if (Math.hypot(...x) < 1e-9) continue;
      const angle = Math.atan2(x[1], x[0]);
      found.push(turned(angle + Math.PI / 2), turned(angle - Math.PI / 2));
    }
    return found.sort((a, b) => a - b);
  }

  /** The best angle of each sector: the top of a sinusoid, or a wall. */
  function candidates(X, Z) {
    const cuts = walls(X);
    const found = [...cuts];
    cuts.forEach((from, k) => {
      const to = k + 1 < cuts.length ? cuts[k + 1] : cuts[0] + TURN;
      const middle = unit((from + to) / 2);
      const A = Z[0].map((_, j) => [0, 0].map((__, l) => X.reduce(
        (sum, x, i) => sum + (dot(x, middle) > 0 ? Z[i][j] * x[l] : 0), 0)));
      const M = (a, b) => A.reduce((sum, row) => sum + row[a] * row[b], 0);
      const top = Math.atan2(2 * M(0, 1), M(0, 0) - M(1, 1)) / 2;
      for (const angle of [turned(top), turned(top + Math.PI)]) {
        const inside = angle >= from ? angle : angle + TURN;
        if (inside > from && inside < to) found.push(angle);
      }
    });
    return found.length ? found : [0];
  }

  /** kappa(Z) and an angle where it is reached. */
  function kappa(X, Z) {
    let best = {value: -1, angle: 0};
    for (const angle of candidates(X, Z)) {
      const value = correlation(X, Z, angle);
      if (value > best.value) best = {value, angle};
    }
    return best;
  }

  /** Train: merge neighbours, add every direction above beta, correct, repeat. */
  function train(X, Y, beta) {
    let angles = [];
    let V = [];
    let R = Y.map(row => [...row]);
    let proof = certificate(X, Y, R, V, beta);
    for (let round = 0; round < 60 && proof.gap > 1e-4 * proof.primal; round++) {
      [angles, V] = merged(X, angles, V);
      for (const angle of candidates(X, R)) {
        const far = angles.every(a => Math.abs(Math.sin((a - angle) / 2)) > 1e-4);
        if (far && correlation(X, R, angle) > beta) {
          angles.push(angle);
          V.push(Y[0].map(() => 0));
        }
      }
      R = correct(X, Y, angles, V, beta);
      proof = certificate(X, Y, R, V, beta);
    }
    return {...proof, angles: merged(X, angles, V)[0], R};
  }

  /** One neuron for those side by side in a sector, and none for those without weight.

  Where u and w are in one sector, a (X u)_+ + b (X w)_+ = (X (a u + b w))_+, so that
  neurons whose output weights are parallel become one and nothing else changes. */
  function merged(X, angles, V) {
    const cuts = walls(X);
    const order = angles.map((_, k) => k).filter(k => Math.hypot(...V[k]) > 1e-6);
    order.sort((a, b) => angles[a] - angles[b]);
    const [found, weights] = [[], []];
    let [sum, last] = [null, null];
    for (const k of order) {
      const length = Math.hypot(...V[k]);
      const [x, y] = unit(angles[k]).map(a => length * a);
      const together = last !== null && angles[k] - last < NEAR &&
        !cuts.some(cut => cut > last && cut < angles[k]);
      last = angles[k];
      if (together) {
        sum = [sum[0] + x, sum[1] + y];
        found[found.length - 1] = turned(Math.atan2(sum[1], sum[0]));
        V[k].forEach((v, j) => { weights[weights.length - 1][j] += v; });
      } else {
        sum = [x, y];
        found.push(angles[k]);
        weights.push([...V[k]]);
      }
    }
    return [found, weights];
  }

  /** Minimise over the output weights of fixed directions, one neuron at a time. */
  function correct(X, Y, angles, V, beta) {
    const H = angles.map(a => X.map(x => Math.max(dot(x, unit(a)), 0)));
    const R = Y.map((row, i) => row.map((y, j) =>
      y - V.reduce((sum, v, k) => sum + H[k][i] * v[j], 0)));
    for (let sweep = 0; sweep < 400; sweep++) {
      let moved = 0;
      H.forEach((h, k) => {
        const size = h.reduce((sum, a) => sum + a * a, 0);
        if (size === 0) return;
        const pull = V[k].map((v, j) =>
          size * v + h.reduce((sum, a, i) => sum + a * R[i][j], 0));
        const shrink = Math.max(1 - beta / (Math.hypot(...pull) || 1), 0) / size;
        pull.forEach((p, j) => {
          const change = p * shrink - V[k][j];
          moved = Math.max(moved, Math.abs(change));
          V[k][j] += change;
          h.forEach((a, i) => { R[i][j] -= a * change; });
        });
      });
      if (moved < 1e-9) break;
    }
    return R;
  }

  /** Primal value and the dual bound of the scaled residual, Chapter 3. */
  function certificate(X, Y, R, V, beta) {
    const sum = (A, B) => A.reduce(
      (s, row, i) => s + row.reduce((t, a, j) => t + a * B[i][j], 0), 0);
    const square = sum(R, R);
    const primal = square / 2 + beta * V.reduce((s, v) => s + Math.hypot(...v), 0);
    const inner = sum(R, Y);
    const most = beta / (kappa(X, R).value || 1);
    const scale = Math.max(Math.min(most, square > 0 ? inner / square : 0), 0);
    const dual = scale * inner - scale * scale * square / 2;
    return {primal, dual, gap: primal - dual};
  }

  kinds.planar = (root, values) => {
    const X = values.points.map(point => [...point]);
    const Y = values.outputs;
    let beta = values.beta;
    let chosen = 0;
    const frame = make(root, "div", "interactive-row");
    const plane = board(frame, "Samples in the plane. Number keys choose a sample, " +
      "arrow keys move it.", 300, 300);
    const curve = draw(frame, "svg", {
      viewBox: "0 0 360 300", role: "img", "aria-label":
      "Correlation of every direction with the targets",
    });
    curve.classList.add("interactive-board");
    const say = readout(root);
    const SCALE = 55;
    const screen = ([x, y]) => [150 + SCALE * x, 150 - SCALE * y];

    function show() {
      plane.replaceChildren();
      curve.replaceChildren();
      const cuts = walls(X);
      for (const angle of cuts) {
        const [x, y] = unit(angle);
        draw(plane, "line", {class: "wall", x1: 150, y1: 150, x2: 150 + 200 * x,
          y2: 150 - 200 * y});
      }
      const trained = train(X, Y, beta);
      for (const angle of trained.angles) {
        const tip = screen(unit(angle).map(a => 2.2 * a));
        draw(plane, "line", {class: "neuron", x1: 150, y1: 150, x2: tip[0], y2: tip[1]});
      }
      X.forEach((x, i) => {
        const [cx, cy] = screen(x);
        const kind = i === chosen ? "sample chosen" : "sample";
        draw(plane, "circle", {class: kind, cx, cy, r: 8});
        draw(plane, "text", {x: cx, y: cy + 4, class: "in-dot"}, String(i + 1));
      });
      const top = kappa(X, Y);
      graph(top, cuts);
      const cells = new Set(cuts.map(c => c.toFixed(6))).size;
      say(`${cells} cells. The largest correlation is ${top.value.toFixed(4)}, at ` +
        `${(top.angle * 360 / TURN).toFixed(1)} degrees. With beta = ${beta} the best ` +
        `network has ${count(trained.angles)} and an objective between ` +
        `${trained.dual.toFixed(4)} and ${trained.primal.toFixed(4)}.`);
    }

    function graph(top, cuts) {
      const angles = Array.from({length: 361}, (_, k) => (k * TURN) / 360).concat(cuts);
      angles.sort((a, b) => a - b);
      const height = Math.max(top.value, beta) * 1.12 || 1;
      const at = (angle, value) => [
        20 + (330 * angle) / TURN, 270 - (255 * value) / height];
      for (const cut of cuts) {
        const [x] = at(cut, 0);
        draw(curve, "line", {class: "wall", x1: x, y1: 15, x2: x, y2: 270});
      }
      draw(curve, "line", {class: "axis", x1: 20, y1: 270, x2: 350, y2: 270});
      const [, level] = at(0, beta);
      draw(curve, "line", {class: "level", x1: 20, y1: level, x2: 350, y2: level});
      draw(curve, "text", {x: 24, y: level - 5}, "β");
      const points = angles.map(a => at(a, correlation(X, Y, a)));
      draw(curve, "path", {class: "curve", d: path(points)});
      const [cx, cy] = at(top.angle, top.value);
      draw(curve, "circle", {class: "top", cx, cy, r: 5});
      draw(curve, "text", {x: 185, y: 292, class: "middle"}, "direction of u");
    }

    const nearest = (x, y) => X.map((p, i) => {
      const [a, b] = screen(p);
      return [Math.hypot(a - x, b - y), i];
    }).sort((a, b) => a[0] - b[0])[0][1];
    const clamp = a => Math.min(Math.max(a, -2.5), 2.5);
    const place = (x, y) => {
      X[chosen] = [clamp((x - 150) / SCALE), clamp((150 - y) / SCALE)];
      show();
    };
    drag(plane, place, (x, y) => { chosen = nearest(x, y); });
    arrows(plane, (dx, dy) => {
      X[chosen] = [clamp(X[chosen][0] + 0.1 * dx), clamp(X[chosen][1] + 0.1 * dy)];
      show();
    }, key => {
      const number = Number(key) - 1;
      if (!(number in X)) return false;
      chosen = number;
      show();
      return true;
    });
    slider(root, "β", {min: 0.05, max: 2, step: 0.05, value: beta}, value => {
      beta = value;
      show();
    });
    show();
  };
})();
