// A take in 3D: its body on a grid of metres, the way of its pelvis on the ground, and a camera that can follow it.
"use strict";

const FOLLOW_SECONDS = 0.6; // half the stretch the followed way is averaged over, so that steps do not shake the view
const MARGIN = 4; // body heights of ground around the way
const MOST_SQUARES = 20000;
const PATH_STEP = 0.02; // body heights the pelvis must go before the drawn way gets a new point

class Stage {
  constructor(take, positions, canvas) {
    this.take = take;
    this.canvas = canvas;
    this.body = new Body(take, positions);
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true });
    this.scene = new THREE.Scene();
    this.scene.fog = new THREE.Fog(0, 1, 2);
    this.camera = new THREE.PerspectiveCamera(40, 1, 0.02, 500);
    this.sky = new THREE.HemisphereLight(0xffffff, 0x8890a0, 2.2);
    this.sun = new THREE.DirectionalLight(0xffffff, 1.6);
    this.sun.position.set(2, 5, 3);
    this.scene.add(this.sky, this.sun);
    this.body.addTo(this.scene);
    this.middles = this.smoothedWay();
    this.makePath();
    this.makeGrid();
    this.orbiting = new THREE.OrbitControls(this.camera, canvas);
    this.orbiting.maxPolarAngle = 0.53 * Math.PI;
    this.orbiting.addEventListener("change", () => this.ask());
    this.following = true;
    this.time = 0;
    this.body.setTime(0);
    this.lookAtBody();
    this.paint();
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  /** The pelvis on the ground, averaged over time: [x, z] a frame. */
  smoothedWay() {
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

  /** Squares of a metre (of a body height, for bodies that are no people) around all of the way; larger on long ways.
   * Each side is a line of its own: software 3D draws no line of which an end is behind the camera. */
  makeGrid() {
    let unit = this.body.height > 0.8 && this.body.height < 3 ? 1 : this.body.height;
    const edges = () => this.extent(MARGIN * this.body.height).map((edge) => Math.round(edge / unit));
    let [lowX, highX, lowZ, highZ] = edges();
    while ((highX - lowX) * (highZ - lowZ) > MOST_SQUARES) {
      unit *= 10;
      [lowX, highX, lowZ, highZ] = edges();
    }
    const points = [];
    for (let x = lowX; x <= highX; x++) {
      for (let z = lowZ; z <= highZ; z++) {
        if (z < highZ) points.push(x, 0, z, x, 0, z + 1);
        if (x < highX) points.push(x, 0, z, x + 1, 0, z);
      }
    }
    const shape = new THREE.BufferGeometry();
    shape.setAttribute("position", new THREE.BufferAttribute(new Float32Array(points), 3));
    this.grid = new THREE.LineSegments(shape, new THREE.LineBasicMaterial());
    this.grid.scale.setScalar(unit);
    this.grid.position.y = this.body.ground;
    this.scene.add(this.grid);
  }

  /** [low x, high x, low z, high z] of the way, with a margin in metres. */
  extent(margin) {
    const xs = this.middles.map(([x]) => x);
    const zs = this.middles.map(([, z]) => z);
    const low = (values) => values.reduce((a, b) => Math.min(a, b)) - margin;
    const high = (values) => values.reduce((a, b) => Math.max(a, b)) + margin;
    return [low(xs), high(xs), low(zs), high(zs)];
  }

  /** The pelvis' way as a flat band, one pair of points for each stretch of PATH_STEP; `pathFrames` tells their frames. */
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
    this.colours = new THREE.BufferAttribute(new Float32Array(corners.length), 3);
    [this.ahead, this.behind] = [0.3, 1].map((opacity, level) => {
      const shape = new THREE.BufferGeometry();
      shape.setAttribute("position", points);
      shape.setAttribute("color", this.colours);
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

  /** Take all colours from the page's style, so that light and dark apply here too. */
  paint() {
    const style = getComputedStyle(this.canvas);
    const colour = (name) => new THREE.Color(style.getPropertyValue(name).trim());
    const [back, unnamed] = [colour("--stage"), colour("--unnamed")];
    this.scene.background = back;
    this.scene.fog.color = back;
    this.grid.material.color = colour("--grid");
    this.body.paint({ l: colour("--left"), r: colour("--right"), m: colour("--middle"), shadow: colour("--shadow") });
    const named = Array.from({ length: 8 }, (_, number) => colour(`--c${number}`));
    this.pathFrames.forEach((frame, number) => {
      const segment = segmentAt(this.take.transcript, frame / this.take.motion.fps);
      const paint = segment && segment.colour !== null ? named[segment.colour] : unnamed;
      for (const corner of [2 * number, 2 * number + 1]) this.colours.setXYZ(corner, paint.r, paint.g, paint.b);
    });
    this.colours.needsUpdate = true;
    this.ask();
  }

  setTime(time) {
    if (time === this.time) return;
    const moved = this.middleAt(time).sub(this.middleAt(this.time));
    this.time = time;
    this.body.setTime(time);
    const passed = this.pathFrames.filter((frame) => frame <= time * this.take.motion.fps).length;
    this.behind.geometry.setDrawRange(0, Math.max(passed - 1, 0) * 6);
    if (this.following) this.shift(moved);
    this.ask();
  }

  shift(by) {
    this.camera.position.add(by);
    this.orbiting.target.add(by);
    this.orbiting.update();
  }

  /** Follow the body from where the camera stands, or let it go. */
  setFollowing(following) {
    this.following = following;
    if (following) {
      const { x, z } = this.middleAt(this.time).sub(this.orbiting.target);
      this.shift(new THREE.Vector3(x, 0, z));
    }
  }

  /** The first view: the body from its front, a little aside and above; all of the way when not followed. */
  lookAtBody() {
    const { height, ground } = this.body;
    const target = this.following ? this.middleAt(this.time) : this.middleOfAll();
    target.y = ground + 0.5 * height;
    const [lowX, highX, lowZ, highZ] = this.extent(0);
    const away = height * 2.35 + (this.following ? 0 : 0.75 * Math.hypot(highX - lowX, highZ - lowZ));
    const angle = this.take.facing + 0.6;
    this.camera.position.set(Math.sin(angle) * away, 0.22 * away, Math.cos(angle) * away).add(target);
    this.orbiting.target.copy(target);
    this.orbiting.minDistance = 0.4 * height;
    this.orbiting.maxDistance = 40 * height;
    this.orbiting.update();
  }

  middleOfAll() {
    const [lowX, highX, lowZ, highZ] = this.extent(0);
    return new THREE.Vector3((lowX + highX) / 2, 0, (lowZ + highZ) / 2);
  }

  /** Turn about the target: radians to the right and up. */
  orbit(right, up) {
    const offset = this.camera.position.clone().sub(this.orbiting.target);
    const far = offset.length();
    const turned = Math.atan2(offset.x, offset.z) + right;
    const risen = Math.min(Math.max(Math.asin(offset.y / far) + up, -0.09), 1.5);
    offset.set(Math.sin(turned) * Math.cos(risen), Math.sin(risen), Math.cos(turned) * Math.cos(risen));
    this.camera.position.copy(this.orbiting.target).addScaledVector(offset, far);
    this.orbiting.update();
  }

  /** Move the view by shares of its distance, to the right and up. */
  pan(right, up) {
    const far = this.camera.position.distanceTo(this.orbiting.target);
    const across = new THREE.Vector3().setFromMatrixColumn(this.camera.matrix, 0).multiplyScalar(right * far);
    this.shift(across.add(new THREE.Vector3(0, up * far, 0)));
  }

  /** Come nearer by a factor above 1, go away by one below. */
  zoom(factor) {
    const offset = this.camera.position.clone().sub(this.orbiting.target).divideScalar(factor);
    this.camera.position.copy(this.orbiting.target).add(offset);
    this.orbiting.update();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.fov = this.camera.aspect < 1 ? 50 : 40;
    this.camera.updateProjectionMatrix();
    this.draw();
  }

  /** Draw before the next frame is shown; many asks are one drawing. */
  ask() {
    if (!this.asked) this.asked = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.asked = 0;
    const far = this.camera.position.distanceTo(this.orbiting.target);
    this.scene.fog.near = far + 1.5 * this.body.height;
    this.scene.fog.far = 2.2 * far + 6 * this.body.height;
    this.renderer.render(this.scene, this.camera);
  }
}
