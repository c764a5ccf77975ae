// The whole page: one pane and one timeline per take, and the controls, all on one clock.
"use strict";

class Player {
  constructor(takes) {
    this.takes = takes;
    this.active = 0; // number of the take that keys refer to
    this.stages = [];
    this.timelines = [];
    this.zoom = new Zoom();
    this.following = true;
    this.tracing = false;
    this.help = document.getElementById("help");
    const duration = Math.max(...takes.map((take) => take.duration), 1e-3);
    this.clock = new Clock(duration, Math.max(...takes.map((take) => take.motion.fps)));
    this.colour = colourNumbers();
    this.shown = new WeakMap(); // segments of documents to segments as they are drawn
    for (const take of takes) {
      for (const { segments, shown } of [take.transcript, take.reference].filter(Boolean)) {
        segments.forEach((segment, at) => (segment.shown = shown[at]));
      }
      take.transcript = this.coloured(take.transcript);
      take.reference = take.reference && this.coloured(take.reference);
      take.words = wordsOf(take.transcript);
      take.referenceWords = take.reference ? wordsOf(take.reference) : [];
    }
  }

  /** The transcript with the phrase of each segment, and its colour's number. */
  coloured(transcript) {
    const make = (segment) => {
      const text = segment.words.map(({ word }) => word).join(" ");
      return { ...segment, text, colour: this.colour(segment.known === false ? null : segment.label) };
    };
    const segments = transcript.segments.map((segment) => cached(this.shown, segment, () => make(segment)));
    return { ...transcript, segments };
  }

  /** Add everything that does not need decoded positions, before the page is first painted. */
  build() {
    const updates = this.takes.map((take) => this.addPane(take));
    updates.push(makeControls(document.getElementById("controls"), this.clock, this));
    for (const take of this.takes) {
      const timeline = makeTimeline(take, this.clock, this.takes.length > 1);
      document.getElementById("timelines").append(timeline.root);
      this.timelines.push(timeline);
      this.zoom.add(timeline);
      updates.push(timeline.update);
    }
    this.update = () => updates.forEach((update) => update());
    const about = JSON.parse(document.getElementById("editing").textContent);
    this.editor = new Editor(this, about);
    this.timelines.forEach((timeline, number) => {
      timeline.decorate = makeEditable(this.editor, number, timeline);
    });
    const panel = makePanel(document.getElementById("editor"), this.editor);
    this.editor.listen(() => {
      panel();
      this.timelines.forEach((timeline) => timeline.decorate());
    });
    makeKeys([...editorActions(this.editor), ...actionsOf(this.clock, this)], this.help);
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
    const box = element("div", { class: "sentences" });
    const sentences = [makeSentence(take.reference ? "Predicted" : "Caption", this.clock)];
    take.showSentence = () => sentences[0].show(take.transcript);
    take.showSentence();
    if (take.reference) {
      sentences.push(makeSentence("Reference", this.clock));
      sentences[1].show(take.reference);
    }
    box.append(...sentences.map(({ root }) => root));
    const view = element("div", { class: "view" }, take.canvas, legend);
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
        stage.nameJoints();
        stage.showTraces(this.tracing);
        take.stage = stage;
        this.stages.push(stage);
        this.clock.listen((clock) => stage.setTime(clock.time));
      } catch (error) {
        const reason = `3D does not work in this browser (${error.message}). Captions and timeline still work.`;
        take.canvas.replaceWith(element("p", { class: "stage broken", role: "alert" }, reason));
      }
    }
    this.repaint();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
    await this.editor.start();
    document.documentElement.dataset.ready = "true";
  }

  /** Show another transcript of a take; unless `whole`, in its timeline alone, as while something is dragged. */
  showTranscript(number, transcript, whole) {
    const take = this.takes[number];
    take.transcript = this.coloured(transcript);
    take.words = wordsOf(take.transcript);
    this.timelines[number].redraw();
    if (!whole) return;
    take.showSentence();
    this.showStripes();
    if (take.stage) take.stage.paintPath();
    this.update();
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

  /** Show trails of hands and feet, and where feet stand, or hide them. */
  setTracing(tracing) {
    this.tracing = tracing;
    this.stages.forEach((stage) => stage.showTraces(tracing));
    this.update();
  }

  /** Let keys refer to the next or previous take, and show it; go to another page, where the server has one. */
  changeTake(direction) {
    const { length } = this.takes;
    if (length === 1 && this.editor.about.next) return window.location.assign(this.pageOf(direction));
    if (length === 1) return this.editor.say("this is the only recording; J goes to the next segment");
    this.active = (this.active + direction + length) % length;
    this.editor.select(this.active, null);
    this.timelines[this.active].root.scrollIntoView({ block: "nearest" });
    return this.editor.say(this.takes[this.active].name);
  }

  /** The page of the next or previous recording: in the order of the list as it was last seen, else as they were given. */
  pageOf(direction) {
    const { next, previous } = this.editor.about;
    const order = JSON.parse(sessionStorage.getItem("motion2language:order")) || [];
    const at = order.indexOf(window.location.pathname);
    if (at < 0 || order.length < 2) return direction > 0 ? next : previous;
    return order[(at + direction + order.length) % order.length];
  }

  /** Go to the next or previous segment start of the active take; shortly after a start, back goes to the one before. */
  jump(direction) {
    this.jumpTo(direction, this.takes[this.active].transcript.segments.map((segment) => segment.start), 0.5);
  }

  jumpWord(direction) {
    this.jumpTo(direction, this.takes[this.active].words.map((word) => word.time), 1e-6);
  }

  jumpTo(direction, times, slack) {
    const { time, duration } = this.clock;
    const sorted = [...times].sort((a, b) => a - b);
    if (direction > 0) this.clock.seek(sorted.find((start) => start > time + 1e-6) ?? duration);
    else this.clock.seek(sorted.reverse().find((start) => start < time - slack) ?? 0);
  }

  /** Loop the active take's segment at this time, else its next one, else the whole recording. */
  toggleLoop() {
    if (this.clock.loop) return this.clock.setLoop(null);
    const { transcript } = this.takes[this.active];
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
    const segment = segmentAt(this.takes[this.active].transcript, this.clock.time);
    if (!this.clock.playing || segment === this.announced) return;
    this.announced = segment;
    document.getElementById("announcement").textContent = segment ? segment.text : "";
  }
}

const player = new Player(JSON.parse(document.getElementById("data").textContent));
player.build();
player.start();
