// Where hands and feet have just been, as dots, and which feet stand on the ground, as discs; switched on and off.
"use strict";

const TRAIL = 1.2; // seconds that a trail shows; chosen
const DOTS = 30; // of one trail; chosen
const DOT = 0.011; // radius of the latest dot, in body heights; chosen
const DISC = 0.045; // radius of a contact's disc, in body heights; chosen
const LOW = 0.06; // body heights above the ground, below which a foot may stand; chosen
const SLOW = 0.25; // body heights per second, below which a low foot stands; chosen

class Traces {
  /** take.ends: {hands: [joint], feet: [[joint]]}, the joints of a foot together. */
  constructor(take, body) {
    this.take = take;
    this.body = body;
    this.ends = [...take.ends.hands, ...take.ends.feet.map((foot) => foot[foot.length - 1])];
    this.dots = body.instances(new THREE.SphereGeometry(1, 8, 6), this.ends.length * DOTS);
    this.discs = body.instances(new THREE.CylinderGeometry(1, 1, 0.1, 24), take.ends.feet.length);
    this.shapes = [this.dots, this.discs];
    this.show(false, 0);
  }

  /** colours: {l, r, m} as three.js colours: a trail and a disc have the colour of their side. */
  paint(colours) {
    const { sides, ends } = this.take;
    this.ends.forEach((joint, number) => {
      for (let dot = 0; dot < DOTS; dot++) this.dots.setColorAt(number * DOTS + dot, colours[sides[joint]]);
    });
    ends.feet.forEach(([joint], number) => this.discs.setColorAt(number, colours[sides[joint]]));
    for (const shape of this.shapes) if (shape.instanceColor) shape.instanceColor.needsUpdate = true;
  }

  show(visible, time) {
    this.visible = visible;
    for (const shape of this.shapes) shape.visible = visible;
    this.setTime(time);
  }

  setTime(time) {
    if (!this.visible) return;
    const frame = time * this.take.motion.fps;
    this.placeDots(frame);
    this.placeDiscs(Math.min(Math.round(frame), this.body.frames - 1));
  }

  placeDots(frame) {
    const matrix = new THREE.Matrix4();
    this.ends.forEach((joint, number) => {
      for (let dot = 0; dot < DOTS; dot++) {
        const age = dot / DOTS;
        const at = frame - age * TRAIL * this.take.motion.fps;
        const size = at < 0 ? 0 : DOT * (1 - age) * this.body.height;
        matrix.makeScale(size, size, size).setPosition(this.placeOf(joint, Math.max(at, 0)));
        this.dots.setMatrixAt(number * DOTS + dot, matrix);
      }
    });
    this.dots.instanceMatrix.needsUpdate = true;
  }

  placeDiscs(frame) {
    const matrix = new THREE.Matrix4();
    const { height, ground } = this.body;
    this.take.ends.feet.forEach((foot, number) => {
      const size = this.stands(foot, frame) ? DISC * height : 0;
      const middle = foot.reduce((sum, joint) => sum.add(this.placeOf(joint, frame)), new THREE.Vector3());
      middle.divideScalar(foot.length).setY(ground + 0.004);
      matrix.makeScale(size, 0.05 * size, size).setPosition(middle);
      this.discs.setMatrixAt(number, matrix);
    });
    this.discs.instanceMatrix.needsUpdate = true;
  }

  /** Whether a joint of the foot is low and slow in a frame. */
  stands(foot, frame) {
    const { frames, height, ground } = this.body;
    const [before, after] = [Math.max(frame - 1, 0), Math.min(frame + 1, frames - 1)];
    const seconds = Math.max(after - before, 1) / this.take.motion.fps;
    return foot.some((joint) => {
      const moved = this.placeOf(joint, after).distanceTo(this.placeOf(joint, before));
      return this.placeOf(joint, frame).y - ground < LOW * height && moved / seconds < SLOW * height;
    });
  }

  /** The place of a joint at a frame, which may lie between two. */
  placeOf(joint, frame) {
    const { positions, joints, frames } = this.body;
    const below = Math.min(Math.floor(frame), frames - 1);
    const above = Math.min(below + 1, frames - 1);
    const at = (number) => new THREE.Vector3().fromArray(positions, (number * joints + joint) * 3);
    return at(below).lerp(at(above), Math.min(frame - below, 1));
  }
}
