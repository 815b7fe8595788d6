/* Chapter 2: the planes of samples in three dimensions cut a sphere; turn it. */

"use strict";

(() => {
  const {kinds, draw, board, slider, drag, arrows, readout, path} = Interactive;
  const R = 130;
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const cross = (a, b) => [
    a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const degrees = angle => ((angle * 180) / Math.PI).toFixed(0);
  const unit = a => a.map(x => x / Math.hypot(...a));

  /** Rotate by yaw and pitch: the third coordinate then looks at the reader. */
  function turn([x, y, z], yaw, pitch) {
    const [c, s] = [Math.cos(yaw), Math.sin(yaw)];
    const [a, b] = [c * x + s * z, -s * x + c * z];
    const [d, e] = [Math.cos(pitch), Math.sin(pitch)];
    return [a, d * y - e * b, e * y + d * b];
  }

  kinds.sphere = (root, values) => {
    let [yaw, pitch, n] = [0.3, 0.2, values.count];
    const svg = board(root, "Sphere of directions. Arrow keys turn it.", 300, 300);
    const say = readout(root);

    /** The half of a great circle in front, or behind, as points of the drawing. */
    function half(normal, front) {
      const flat = Math.hypot(normal[0], normal[1]);
      const a = flat > 1e-9 ? [-normal[1] / flat, normal[0] / flat, 0] : [1, 0, 0];
      let b = cross(normal, a);
      if ((b[2] > 0) !== front) b = b.map(x => -x);
      return Array.from({length: 49}, (_, k) => {
        const t = (Math.PI * k) / 48;
        const p = a.map((x, i) => Math.cos(t) * x + Math.sin(t) * b[i]);
        return [150 + R * p[0], 150 - R * p[1]];
      });
    }

    function show() {
      svg.replaceChildren();
      draw(svg, "circle", {class: "globe", cx: 150, cy: 150, r: R});
      const planes = values.points.slice(0, n).map(x => turn(unit(x), yaw, pitch));
      for (const front of [false, true]) {
        for (const normal of planes) {
          const kind = front ? "great" : "great behind";
          draw(svg, "path", {class: kind, d: path(half(normal, front))});
        }
      }
      draw(svg, "circle", {class: "top", cx: 150, cy: 150, r: 5});
      const facing = [0, 0, 1];
      const pattern = planes.map(p => (dot(p, facing) > 0 ? "1" : "0")).join("");
      const cells = 2 * (1 + (n - 1) + ((n - 1) * (n - 2)) / 2);
      say(`${n} samples cut the sphere into ${cells} cells. The direction at the dot ` +
        `has the pattern ${pattern}: ${pattern.split("1").length - 1} samples active. ` +
        `Turned by ${degrees(yaw)} degrees, tilted by ${degrees(pitch)}.`);
    }

    let last = null;
    drag(svg, (x, y) => {
      if (last) {
        yaw += (x - last[0]) / R;
        pitch = Math.min(Math.max(pitch + (y - last[1]) / R, -1.5), 1.5);
      }
      last = [x, y];
      show();
    }, () => { last = null; });
    arrows(svg, (dx, dy) => {
      yaw += 0.1 * dx;
      pitch = Math.min(Math.max(pitch - 0.1 * dy, -1.5), 1.5);
      show();
    });
    slider(root, "samples", {min: 1, max: values.points.length, step: 1, value: n},
      value => { n = value; show(); });
    show();
  };
})();
