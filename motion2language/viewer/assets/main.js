// The whole page: one pane and one timeline per take, and the controls, all on one clock.
"use strict";

class Player {
  constructor(takes) {
    this.takes = takes;
    this.stages = [];
    this.following = true;
    this.help = document.getElementById("help");
    const duration = Math.max(...takes.map((take) => take.duration), 1e-3);
    this.clock = new Clock(duration, Math.max(...takes.map((take) => take.motion.fps)));
    const number = colourNumbers(takes);
    for (const take of takes) {
      for (const transcript of [take.transcript, take.reference]) {
        for (const segment of transcript ? transcript.segments : []) segment.colour = number(segment.label);
      }
      take.words = wordsOf(take.transcript);
      take.referenceWords = take.reference ? wordsOf(take.reference) : [];
    }
  }

  /** Add everything that does not need decoded positions, before the page is first painted. */
  build() {
    const updates = this.takes.map((take) => this.addPane(take));
    updates.push(makeControls(document.getElementById("controls"), this.clock, this));
    for (const take of this.takes) {
      const timeline = makeTimeline(take, this.clock, this.takes.length > 1);
      document.getElementById("timelines").append(timeline.root);
      updates.push(timeline.update);
    }
    makeKeys(actionsOf(this.clock, this), this.help);
    this.update = () => updates.forEach((update) => update());
    this.clock.listen(() => this.update());
    this.clock.listen(() => this.announce());
  }

  addPane(take) {
    const { transcript } = take;
    take.canvas = element("canvas", { class: "stage", role: "img" });
    take.canvas.setAttribute("aria-label", `${take.name} in 3D: the left side blue, the right side orange`);
    const model = transcript.model ? ` · Model: ${transcript.model}` : "";
    const title = element("h1", {}, element("bdi", {}, take.name));
    const about = element("p", { class: "about" }, `${take.duration.toFixed(1)} s${model}`);
    const legend = element("p", { class: "legend", "aria-hidden": "true" });
    legend.append(element("i", { class: "left" }), "left ", element("i", { class: "right" }), "right");
    const sentences = [makeSentence(transcript, take.words, take.reference ? "Predicted" : "Caption", this.clock)];
    if (take.reference) sentences.push(makeSentence(take.reference, take.referenceWords, "Reference", this.clock));
    const view = element("div", { class: "view" }, take.canvas, legend);
    const box = element("div", { class: "sentences" }, ...sentences.map(({ root }) => root));
    const pane = element("article", { class: "take" }, element("header", {}, title, about), view, box);
    document.getElementById("takes").append(pane);
    return () => sentences.forEach((sentence) => sentence.update(this.clock.time));
  }

  /** Decode the positions and show them. Without 3D the words and the timeline still play. */
  async start() {
    for (const take of this.takes) {
      try {
        if (take.weights) take.weights.values = await inflate(take.weights.data);
        const stage = new Stage(take, await decodePositions(take), take.canvas);
        this.stages.push(stage);
        this.clock.listen((clock) => stage.setTime(clock.time));
      } catch (error) {
        const reason = `3D does not work in this browser (${error.message}). Captions and timeline still work.`;
        take.canvas.replaceWith(element("p", { class: "stage broken", role: "alert" }, reason));
      }
    }
    this.repaint();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
    document.documentElement.dataset.ready = "true";
  }

  repaint() {
    this.stages.forEach((stage) => stage.paint());
    for (const canvas of document.querySelectorAll(".heat canvas")) canvas.repaint();
  }

  setFollowing(following) {
    this.following = following;
    this.stages.forEach((stage) => stage.setFollowing(following));
    this.update();
  }

  /** Go to the next or previous segment start of the first take; shortly after a start, back goes to the one before. */
  jump(direction) {
    this.jumpTo(direction, this.takes[0].transcript.segments.map((segment) => segment.start), 0.5);
  }

  jumpWord(direction) {
    this.jumpTo(direction, this.takes[0].words.map((word) => word.time), 1e-6);
  }

  jumpTo(direction, times, slack) {
    const { time, duration } = this.clock;
    const sorted = [...times].sort((a, b) => a - b);
    if (direction > 0) this.clock.seek(sorted.find((start) => start > time + 1e-6) ?? duration);
    else this.clock.seek(sorted.reverse().find((start) => start < time - slack) ?? 0);
  }

  /** Loop the first take's segment at this time, else its next one, else the whole recording. */
  toggleLoop() {
    if (this.clock.loop) return this.clock.setLoop(null);
    const { transcript } = this.takes[0];
    const { time, duration } = this.clock;
    const later = [...transcript.segments].sort((a, b) => a.start - b.start).find(({ start }) => start >= time);
    const { start, end } = segmentAt(transcript, time) || later || { start: 0, end: duration };
    return this.clock.setLoop({ start, end: Math.min(end, duration) });
  }

  toggleHeat() {
    for (const fold of document.querySelectorAll(".heat")) fold.open = !fold.open;
  }

  /** Announce a new segment to screen readers while playing. */
  announce() {
    const segment = segmentAt(this.takes[0].transcript, this.clock.time);
    if (!this.clock.playing || segment === this.announced) return;
    this.announced = segment;
    document.getElementById("announcement").textContent = segment ? segment.text : "";
  }
}

const player = new Player(JSON.parse(document.getElementById("data").textContent));
player.build();
player.start();
