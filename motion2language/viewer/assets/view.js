// A body in 3D: light, a grid on the ground, and a camera that orbits a point and can follow the body.
"use strict";

const MARGIN = 4; // body heights of ground around the path
const MOST_SQUARES = 20000;

class View {
  constructor(canvas, body) {
    this.canvas = canvas;
    this.body = body;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true });
    this.scene = new THREE.Scene();
    this.scene.fog = new THREE.Fog(0, 1, 2);
    this.camera = new THREE.PerspectiveCamera(40, 1, 0.02, 500);
    this.sky = new THREE.HemisphereLight(0xffffff, 0x8890a0, 2.2);
    this.sun = new THREE.DirectionalLight(0xffffff, 1.6);
    this.sun.position.set(2, 5, 3);
    this.scene.add(this.sky, this.sun);
    this.body.addTo(this.scene);
    this.orbiting = new THREE.OrbitControls(this.camera, canvas);
    this.orbiting.maxPolarAngle = 0.53 * Math.PI;
    this.orbiting.addEventListener("change", () => this.ask());
    this.following = true;
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  /** Squares of one metre (of one body height for bodies unlike people) within [low x, high x, low z, high z] metres;
   * larger on long paths. Each side is its own line: software 3D drops lines with an end behind the camera. */
  makeGrid(extent) {
    let unit = this.body.height > 0.8 && this.body.height < 3 ? 1 : this.body.height;
    const edges = () => extent.map((edge) => Math.round(edge / unit));
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

  /** Take all colours from the page's style, so that light and dark mode also apply here. */
  paint() {
    const colour = this.colours();
    const back = colour("--stage");
    this.scene.background = back;
    this.scene.fog.color = back;
    this.grid.material.color = colour("--grid");
    this.body.paint({ l: colour("--left"), r: colour("--right"), m: colour("--middle"), shadow: colour("--shadow") });
    this.ask();
  }

  /** A function from a colour's name in the page's style to the colour. */
  colours() {
    const style = getComputedStyle(this.canvas);
    return (name) => new THREE.Color(style.getPropertyValue(name).trim());
  }

  shift(by) {
    this.camera.position.add(by);
    this.orbiting.target.add(by);
    this.orbiting.update();
  }

  /** Look at a point at half the body's height from `away` metres: from the front, a little to the side and above. */
  lookFrom(target, facing, away) {
    const { height, ground } = this.body;
    target.y = ground + 0.5 * height;
    const angle = facing + 0.6;
    this.camera.position.set(Math.sin(angle) * away, 0.22 * away, Math.cos(angle) * away).add(target);
    this.orbiting.target.copy(target);
    this.orbiting.minDistance = 0.4 * height;
    this.orbiting.maxDistance = 40 * height;
    this.orbiting.update();
  }

  /** Orbit the target by radians to the right and up. */
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

  /** Move closer by a factor above 1, away by a factor below 1. */
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

  /** Draw before the next frame is shown; several requests cause one drawing. */
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
