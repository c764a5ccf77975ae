// A take in 3D: its body, and the path of its pelvis on the ground, which the camera can follow.
"use strict";

const FOLLOW_SECONDS = 0.6; // the followed path is averaged over twice this, so that steps do not shake the view
const NEAR = 1.95; // body heights from the camera to the body at first
const REACH = 14; // pixels from a joint within which the pointer shows its name
const PATH_STEP = 0.02; // body heights between the points of the drawn path

class Stage extends View {
  constructor(take, positions, canvas) {
    super(canvas, new Body(take, positions));
    this.take = take;
    this.middles = this.smoothPath();
    this.makePath();
    this.makeGrid(this.extent(MARGIN * this.body.height));
    this.traces = new Traces(take, this.body);
    this.scene.add(...this.traces.shapes);
    this.time = 0;
    this.body.setTime(0);
    this.lookAtBody();
    this.paint();
  }

  /** The pelvis on the ground, averaged over time: [x, z] per frame. */
  smoothPath() {
    const { joints, frames, positions } = this.body;
    const { pelvis } = this.take;
    const reach = Math.round(FOLLOW_SECONDS * this.take.motion.fps);
    const sums = [[0, 0]];
    for (let frame = 0; frame < frames; frame++) {
      const at = (frame * joints + pelvis) * 3;
      sums.push([sums[frame][0] + positions[at], sums[frame][1] + positions[at + 2]]);
    }
    return Array.from({ length: frames }, (_, frame) => {
      const half = Math.min(reach, frame, frames - 1 - frame);
      const [first, last] = [frame - half, frame + half + 1];
      return [0, 1].map((axis) => (sums[last][axis] - sums[first][axis]) / (last - first));
    });
  }

  middleAt(time) {
    const at = Math.min(Math.max(time * this.take.motion.fps, 0), this.middles.length - 1);
    const [below, above] = [Math.floor(at), Math.ceil(at)];
    const [from, to] = [this.middles[below], this.middles[above]];
    return new THREE.Vector3(...[from[0], 0, from[1]]).lerp(new THREE.Vector3(to[0], 0, to[1]), at - below);
  }

  /** [low x, high x, low z, high z] of the path, with a margin in metres. */
  extent(margin) {
    const xs = this.middles.map(([x]) => x);
    const zs = this.middles.map(([, z]) => z);
    const low = (values) => values.reduce((a, b) => Math.min(a, b)) - margin;
    const high = (values) => values.reduce((a, b) => Math.max(a, b)) + margin;
    return [low(xs), high(xs), low(zs), high(zs)];
  }

  /** The path as a flat band, with a pair of points every PATH_STEP; `pathFrames` holds their frames. */
  makePath() {
    const { joints, frames, positions, height, ground } = this.body;
    const at = (frame) => (frame * joints + this.take.pelvis) * 3;
    const kept = [0];
    for (let frame = 1; frame < frames; frame++) {
      const [from, to] = [at(kept[kept.length - 1]), at(frame)];
      const gone = Math.hypot(positions[to] - positions[from], positions[to + 2] - positions[from + 2]);
      if (gone > PATH_STEP * height) kept.push(frame);
    }
    this.pathFrames = kept;
    const corners = [];
    kept.forEach((frame, number) => {
      const before = at(kept[Math.max(number - 2, 0)]);
      const after = at(kept[Math.min(number + 2, kept.length - 1)]);
      const [dx, dz] = [positions[after] - positions[before], positions[after + 2] - positions[before + 2]];
      const scale = (0.013 * height) / Math.max(Math.hypot(dx, dz), 1e-9);
      const [x, z] = [positions[at(frame)], positions[at(frame) + 2]];
      corners.push(x - dz * scale, 0, z + dx * scale, x + dz * scale, 0, z - dx * scale);
    });
    const faces = kept.slice(1).flatMap((_, n) => [0, 2, 1, 1, 2, 3].map((corner) => 2 * n + corner));
    const points = new THREE.BufferAttribute(new Float32Array(corners), 3);
    this.shades = new THREE.BufferAttribute(new Float32Array(corners.length), 3);
    [this.ahead, this.behind] = [0.3, 1].map((opacity, level) => {
      const shape = new THREE.BufferGeometry();
      shape.setAttribute("position", points);
      shape.setAttribute("color", this.shades);
      shape.setIndex(faces);
      const look = { vertexColors: true, transparent: opacity < 1, opacity, side: 2 };
      const band = new THREE.Mesh(shape, new THREE.MeshBasicMaterial(look));
      band.position.y = ground + 0.003 + 0.001 * level;
      band.frustumCulled = false;
      return band;
    });
    this.behind.geometry.setDrawRange(0, 0);
    this.scene.add(this.ahead, this.behind);
  }

  /** As View.paint; the path has the colours of the segments. */
  paint() {
    super.paint();
    const colour = this.colours();
    this.traces.paint({ l: colour("--left"), r: colour("--right"), m: colour("--middle") });
    this.unnamed = colour("--unnamed");
    this.named = Array.from({ length: 8 }, (_, number) => colour(`--c${number}`));
    this.paintPath();
  }

  /** Give the path the colours of the segments; where several overlap, of the one that began last. */
  paintPath() {
    const paint = (from, to, { r, g, b }) => {
      for (let corner = 2 * from; corner < 2 * to; corner++) this.shades.setXYZ(corner, r, g, b);
    };
    paint(0, this.pathFrames.length, this.unnamed);
    for (const { start, end, colour } of [...this.take.transcript.segments].sort((a, b) => a.start - b.start)) {
      paint(this.pathIndex(start), this.pathIndex(end), colour === null ? this.unnamed : this.named[colour]);
    }
    this.shades.needsUpdate = true;
    this.ask();
  }

  /** How many points of the path lie before a time. */
  pathIndex(time) {
    const frame = time * this.take.motion.fps;
    let [low, high] = [0, this.pathFrames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.pathFrames[middle] < frame) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  setTime(time) {
    if (time === this.time) return;
    const moved = this.middleAt(time).sub(this.middleAt(this.time));
    this.time = time;
    this.body.setTime(time);
    this.traces.setTime(time);
    this.behind.geometry.setDrawRange(0, Math.max(this.pathIndex(time) - 1, 0) * 6);
    if (this.following) this.shift(moved);
    this.ask();
  }

  /** Show trails of hands and feet and the feet's contacts with the ground, or hide them. */
  showTraces(visible) {
    this.traces.show(visible, this.time);
    this.ask();
  }

  /** Follow the body with the camera, or stop following. */
  setFollowing(following) {
    this.following = following;
    if (following) {
      const { x, z } = this.middleAt(this.time).sub(this.orbiting.target);
      this.shift(new THREE.Vector3(x, 0, z));
    }
  }

  /** The first view: the body from its front, or the whole path when not following. */
  lookAtBody() {
    const target = this.following ? this.middleAt(this.time) : this.middleOfAll();
    const [lowX, highX, lowZ, highZ] = this.extent(0);
    const around = this.following ? 0 : 0.75 * Math.hypot(highX - lowX, highZ - lowZ);
    this.lookFrom(target, this.take.facing, this.body.height * NEAR + around);
  }

  middleOfAll() {
    const [lowX, highX, lowZ, highZ] = this.extent(0);
    return new THREE.Vector3((lowX + highX) / 2, 0, (lowZ + highZ) / 2);
  }

  /** Show the name of the joint under the pointer, in an element beside the canvas. */
  nameJoints() {
    const name = element("p", { class: "joint-name", hidden: "", "aria-hidden": "true" });
    this.canvas.after(name);
    this.canvas.addEventListener("pointerleave", () => (name.hidden = true));
    this.canvas.addEventListener("pointermove", ({ offsetX, offsetY, buttons }) => {
      const found = buttons ? null : this.jointAt(offsetX, offsetY);
      name.hidden = found === null;
      if (found === null) return;
      name.textContent = this.take.joints[found];
      name.style.setProperty("--left", `${offsetX + 14}px`);
      name.style.setProperty("--top", `${offsetY - 24}px`);
    });
  }

  /** The joint drawn nearest to a point of the canvas, in pixels; null where none is near. */
  jointAt(x, y) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    let [best, least] = [null, REACH];
    for (let joint = 0; joint < this.body.joints; joint++) {
      if (!this.body.drawn[joint]) continue;
      const at = this.body.point(joint).project(this.camera);
      const away = Math.hypot(((at.x + 1) * width) / 2 - x, ((1 - at.y) * height) / 2 - y);
      if (away < least) [best, least] = [joint, away];
    }
    return best;
  }
}
