// The skeleton as 3D shapes: a bone from each joint to its parent, a ball at each joint, and its shadow on the ground.
"use strict";

const BONE = 0.015; // radius, in body heights; chosen
const HEAD = 0.055; // radius of the head's ball, in body heights; chosen

class Body {
  /** positions: all frames; joints from take.parents, colours from take.sides. */
  constructor(take, positions) {
    this.take = take;
    this.positions = positions;
    this.joints = take.parents.length;
    this.frames = take.motion.frames;
    this.drawn = this.findDrawn();
    this.height = this.measure();
    const bones = take.parents.map((parent, joint) => [parent, joint]);
    this.bones = bones.filter(([parent]) => parent >= 0 && this.drawn[parent]);
    this.pose = new Float32Array(this.joints * 3);
    this.limbs = this.instances(new THREE.CylinderGeometry(0.7, 1, 1, 8, 1, true), this.bones.length);
    this.balls = this.instances(new THREE.SphereGeometry(1, 8, 6), this.joints);
    this.skull = this.instances(new THREE.SphereGeometry(1, 20, 14), take.head === null ? 0 : 1);
    this.shapes = [this.limbs, this.balls, this.skull];
    this.shadows = [this.shadowOf(this.limbs), this.shadowOf(this.skull)]; // shadows of the balls would hardly be visible
    this.setGround(this.findGround());
  }

  /** False for joints that only carry the pelvis, such as a root that stays at the origin; true for all others. */
  findDrawn() {
    const { parents, pelvis } = this.take;
    const drawn = parents.map(() => true);
    for (let joint = parents[pelvis]; joint >= 0; joint = parents[joint]) {
      drawn[joint] = parents.filter((parent) => parent === joint).length > 1;
    }
    return drawn;
  }

  /** The median size over time, metres: the height of who stands, the length of who lies or crawls; never zero. */
  measure() {
    const heights = [];
    for (let frame = 0; frame < this.frames; frame++) {
      const ranges = [0, 1, 2].map((axis) => this.rangeOf(frame, axis));
      heights.push(Math.max(...ranges.map(([low, high]) => high - low)));
    }
    heights.sort((a, b) => a - b);
    return Math.max(heights[heights.length >> 1], 0.05);
  }

  /** The height of the ground: the lowest joint is below it in one frame of fifty. */
  findGround() {
    const lows = Array.from({ length: this.frames }, (_, frame) => this.rangeOf(frame, 1)[0]).sort((a, b) => a - b);
    return lows[Math.floor(lows.length / 50)];
  }

  rangeOf(frame, axis) {
    let [low, high] = [Infinity, -Infinity];
    for (let joint = 0; joint < this.joints; joint++) {
      const value = this.positions[(frame * this.joints + joint) * 3 + axis];
      if (!this.drawn[joint]) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return [low, high];
  }

  instances(shape, count) {
    const mesh = new THREE.InstancedMesh(shape, new THREE.MeshLambertMaterial(), count);
    mesh.frustumCulled = false;
    return mesh;
  }

  /** The same shapes flattened on the ground, in one plain colour so that overlaps do not get darker. */
  shadowOf(shape) {
    const mesh = new THREE.InstancedMesh(shape.geometry, new THREE.MeshBasicMaterial(), shape.count);
    mesh.instanceMatrix = shape.instanceMatrix;
    mesh.frustumCulled = false;
    mesh.scale.y = 1e-4;
    return mesh;
  }

  /** Set the height of the ground, metres. */
  setGround(ground) {
    this.ground = ground;
    for (const shadow of this.shadows) shadow.position.y = ground + 0.002;
  }

  addTo(scene) {
    scene.add(...this.shapes, ...this.shadows);
  }

  /** colours: {l, r, m, shadow} as three.js colours. A bone has the colour of its outer joint. */
  paint(colours) {
    this.bones.forEach(([, joint], number) => this.limbs.setColorAt(number, colours[this.take.sides[joint]]));
    for (let joint = 0; joint < this.joints; joint++) this.balls.setColorAt(joint, colours[this.take.sides[joint]]);
    this.skull.material.color = colours.m;
    for (const shape of [this.limbs, this.balls]) if (shape.instanceColor) shape.instanceColor.needsUpdate = true;
    for (const shadow of this.shadows) shadow.material.color = colours.shadow;
  }

  /** Show the pose at a time, seconds, interpolated between two frames. */
  setTime(time) {
    const at = Math.min(Math.max(time * this.take.motion.fps, 0), this.frames - 1);
    const below = Math.floor(at);
    const share = at - below;
    const size = this.joints * 3;
    const above = Math.min(below + 1, this.frames - 1) * size;
    for (let i = 0; i < size; i++) {
      this.pose[i] = (1 - share) * this.positions[below * size + i] + share * this.positions[above + i];
    }
    this.place();
  }

  point(joint) {
    return new THREE.Vector3().fromArray(this.pose, joint * 3);
  }

  place() {
    const up = new THREE.Vector3(0, 1, 0);
    const matrix = new THREE.Matrix4();
    this.bones.forEach(([parent, joint], number) => {
      const from = this.point(parent);
      const along = this.point(joint).sub(from);
      const length = along.length();
      const radius = Math.min(BONE * this.height, 0.28 * length);
      const turn = new THREE.Quaternion().setFromUnitVectors(up, length > 1e-9 ? along.clone().divideScalar(length) : up);
      matrix.compose(from.addScaledVector(along, 0.5), turn, new THREE.Vector3(radius, length, radius));
      this.limbs.setMatrixAt(number, matrix);
    });
    const upright = new THREE.Quaternion();
    for (let joint = 0; joint < this.joints; joint++) {
      const radius = this.ballRadius(joint);
      matrix.compose(this.point(joint), upright, new THREE.Vector3(radius, radius, radius));
      this.balls.setMatrixAt(joint, matrix);
    }
    const radius = HEAD * this.height;
    if (this.skull.count) {
      matrix.compose(this.skullCentre(), upright, new THREE.Vector3(radius, radius, radius));
      this.skull.setMatrixAt(0, matrix);
    }
    for (const shape of this.shapes) shape.instanceMatrix.needsUpdate = true;
  }

  ballRadius(joint) {
    const parent = this.take.parents[joint];
    if (!this.drawn[joint]) return 0;
    if (parent < 0 || !this.drawn[parent]) return BONE * this.height * 1.2;
    return Math.min(BONE * this.height * 1.2, 0.34 * this.point(joint).distanceTo(this.point(parent)));
  }

  /** The head's joint is at the base of the skull, so its ball is drawn further along the neck. */
  skullCentre() {
    const { head, parents } = this.take;
    const centre = this.point(head);
    if (parents[head] < 0) return centre;
    const along = centre.clone().sub(this.point(parents[head]));
    return along.length() > 1e-6 ? centre.addScaledVector(along.normalize(), 0.6 * HEAD * this.height) : centre;
  }
}
