// Buttons and keyboard shortcuts. One table of actions defines the shortcuts and their list.
"use strict";

const ORBIT = 0.12; // radians per key press
const PAN = 0.06; // share of the camera's distance
const ZOOM = 1.15;

/** Rows [keys, description, action, holds?]; a key is KeyboardEvent.key, with "Shift+" and "Ctrl+" where they matter. */
function actionsOf(clock, player) {
  return [
    [["k", " "], "play or pause", () => clock.toggle()],
    [["ArrowRight"], "next frame", () => clock.step(1)],
    [["ArrowLeft"], "previous frame", () => clock.step(-1)],
    [["Shift+ArrowRight"], "forward one second", () => clock.seek(clock.time + 1)],
    [["Shift+ArrowLeft"], "back one second", () => clock.seek(clock.time - 1)],
    [["Home"], "go to the start", () => clock.seek(0)],
    [["End"], "go to the end", () => clock.seek(clock.duration)],
    [["j"], "next segment", () => player.jump(1)],
    [["Shift+J"], "previous segment", () => player.jump(-1)],
    [["."], "next word", () => player.jumpWord(1)],
    [[","], "previous word", () => player.jumpWord(-1)],
    [["l"], "loop this segment, on or off", () => player.toggleLoop()],
    [["n"], "next recording", () => player.changeTake(1)],
    [["p"], "previous recording", () => player.changeTake(-1)],
    [[">"], "zoom into the timeline", () => player.zoom.by(ZOOM_STEP, null, clock.time / clock.duration)],
    [["<"], "zoom out of the timeline", () => player.zoom.by(1 / ZOOM_STEP, null, clock.time / clock.duration)],
    [["PageDown"], "move along the enlarged timeline", () => player.zoom.pan(1), () => player.zoom.factor > 1],
    [["PageUp"], "move back on the enlarged timeline", () => player.zoom.pan(-1), () => player.zoom.factor > 1],
    [["ArrowUp"], "faster", () => clock.changeSpeed(1)],
    [["ArrowDown"], "slower", () => clock.changeSpeed(-1)],
    ...viewActions(player),
    [["g"], "trails of hands and feet, and ground contacts, on or off", () => player.setTracing(!player.tracing)],
    [["h"], "show or hide the attention map", () => player.toggleHeat()],
    [["?"], "show this list", () => player.help.showModal()],
  ];
}

/** The rows about the views of a player, {stages, following, setFollowing(following)}. */
function viewActions(player) {
  const stages = (call) => () => player.stages.forEach(call);
  return [
    [["f"], "follow the body, on or off", () => player.setFollowing(!player.following)],
    [["d"], "rotate the view right", stages((stage) => stage.orbit(ORBIT, 0))],
    [["a"], "rotate the view left", stages((stage) => stage.orbit(-ORBIT, 0))],
    [["w"], "raise the camera", stages((stage) => stage.orbit(0, ORBIT))],
    [["s"], "lower the camera", stages((stage) => stage.orbit(0, -ORBIT))],
    [["Shift+D"], "move the view right", stages((stage) => stage.pan(PAN, 0))],
    [["Shift+A"], "move the view left", stages((stage) => stage.pan(-PAN, 0))],
    [["Shift+W"], "move the view up", stages((stage) => stage.pan(0, PAN))],
    [["Shift+S"], "move the view down", stages((stage) => stage.pan(0, -PAN))],
    [["+", "="], "zoom in", stages((stage) => stage.zoom(ZOOM))],
    [["-"], "zoom out", stages((stage) => stage.zoom(1 / ZOOM))],
    [["0"], "reset the view", stages((stage) => stage.lookAtBody())],
  ];
}

const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  back: "M15 5v14L6 12zM4 5h2v14H4z",
  on: "M9 5v14l9-7zM18 5h2v14h-2z",
  previous: "M19 5v14l-7-7zM11 5v14l-7-7z",
  next: "M5 5v14l7-7zM13 5v14l7-7z",
  loop: "M7 7h10v3l4-4-4-4v3H5v6h2zm10 10H7v-3l-4 4 4 4v-3h12v-6h-2z",
  follow: "M11 2h2v3.1a7 7 0 015.9 5.9H22v2h-3.1a7 7 0 01-5.9 5.9V22h-2v-3.1A7 7 0 015.1 13H2v-2h3.1A7 7 0 0111 5.1zM12 7a5 5 0 100 10 5 5 0 000-10zm0 3a2 2 0 110 4 2 2 0 010-4z",
  traces: "M5 17a2 2 0 110 4 2 2 0 010-4zm4.5-5a1.7 1.7 0 110 3.4 1.7 1.7 0 010-3.4zM14 8a1.4 1.4 0 110 2.8A1.4 1.4 0 0114 8zm4-4a1.1 1.1 0 110 2.2A1.1 1.1 0 0118 4zM12 19h9v2h-9z",
  edit: "M4 16.5V20h3.5L18 9.5 14.5 6zM20.7 6.8a1 1 0 000-1.4l-2.1-2.1a1 1 0 00-1.4 0L15.6 5 19 8.4z",
  view: "M3 3h6v2H5v4H3zm12 0h6v6h-2V5h-4zM3 15h2v4h4v2H3zm16 0h2v6h-6v-2h4z",
};

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

function makeButton(name, label, key, act) {
  const attributes = { type: "button", class: `tool ${name}`, "aria-label": label, title: `${label} (${key})` };
  const button = element("button", attributes, ICONS[name] ? icon(name) : "?");
  button.addEventListener("click", act);
  return button;
}

/** Fill the bar; returns update(). */
function makeControls(bar, clock, player) {
  const play = makeButton("play", "Play", "K or space", () => clock.toggle());
  const loop = makeButton("loop", "Loop segment", "L", () => player.toggleLoop());
  const follow = makeButton("follow", "Follow the body", "F", () => player.setFollowing(!player.following));
  const traces = makeButton("traces", "Trails and ground contacts", "G", () => player.setTracing(!player.tracing));
  const edit = makeButton("edit", "Correct", "E", () => player.editor.toggle());
  const slider = element("input", { type: "range", class: "time", min: 0, max: clock.duration, step: "any" });
  slider.setAttribute("aria-label", "Time");
  player.showStripes = () => slider.style.setProperty("--stripes", stripes(player.takes[0], clock.duration));
  player.showStripes();
  slider.addEventListener("input", () => clock.seek(Number(slider.value)));
  const speed = element("select", { class: "speeds", "aria-label": "Speed", title: "Speed (up and down arrows)" });
  speed.append(...SPEEDS.map((factor) => element("option", { value: factor }, `${factor}×`)));
  speed.addEventListener("change", () => clock.setSpeed(Number(speed.value)));
  const now = element("output", { class: "clock", "aria-hidden": "true" });
  bar.append(
    makeButton("previous", "Previous segment", "Shift+J", () => player.jump(-1)),
    makeButton("back", "Previous frame", "left arrow", () => clock.step(-1)),
    play,
    makeButton("on", "Next frame", "right arrow", () => clock.step(1)),
    makeButton("next", "Next segment", "J", () => player.jump(1)),
    slider,
    now,
    speed,
    loop,
    follow,
    traces,
    makeButton("view", "Reset the view", "0", () => player.stages.forEach((stage) => stage.lookAtBody())),
    edit,
    makeButton("help", "Keyboard shortcuts", "?", () => player.help.showModal()),
  );
  let wasPlaying = null;
  return () => {
    slider.value = clock.time;
    slider.style.setProperty("--done", `${(100 * clock.time) / clock.duration}%`);
    slider.setAttribute("aria-valuetext", spokenTime(clock, player.takes[player.active]));
    now.textContent = `${clockText(clock.time, 2)} / ${clockText(clock.duration, 2)}`;
    speed.value = String(clock.speed);
    loop.setAttribute("aria-pressed", String(clock.loop !== null));
    follow.setAttribute("aria-pressed", String(player.following));
    traces.setAttribute("aria-pressed", String(player.tracing));
    edit.setAttribute("aria-pressed", String(Boolean(player.editor && player.editor.on)));
    if (wasPlaying === clock.playing) return;
    wasPlaying = clock.playing;
    play.replaceChildren(icon(clock.playing ? "pause" : "play"));
    play.setAttribute("aria-label", clock.playing ? "Pause" : "Play");
  };
}

function spokenTime(clock, take) {
  const segment = segmentAt(take.transcript, clock.time);
  const label = segment && segment.label !== null ? `, ${segment.label}` : "";
  return `${clock.time.toFixed(1)} of ${clock.duration.toFixed(1)} seconds${label}`;
}

/** The first take's segments as a gradient under the slider. */
function stripes(take, duration) {
  const at = (time) => `${((100 * Math.min(time, duration)) / duration).toFixed(2)}%`;
  const parts = [...take.transcript.segments]
    .sort((a, b) => a.start - b.start)
    .flatMap(({ start, end, colour }) => [
      `transparent ${at(start)}`,
      `${colourOf(colour)} ${at(start)} ${at(end)}`,
      `transparent ${at(end)}`,
    ]);
  return parts.length ? `linear-gradient(to right, ${parts.join(", ")})` : "none";
}

/** Whether an element takes typed letters. */
function isField(node) {
  return node.matches("textarea, input:not([type=range], [type=checkbox])");
}

/** A key as the tables of actions name it: KeyboardEvent.key, with "Ctrl+" and, for letters and arrows, "Shift+". */
function pressedKey({ key, ctrlKey, shiftKey }) {
  const shifted = shiftKey && /^(Arrow\w+|[A-Z])$/.test(key) ? `Shift+${key}` : key;
  return ctrlKey ? `Ctrl+${shifted}` : shifted;
}

/** The list of keyboard shortcuts and their listener. Users of speech input can turn the shortcuts off. */
function makeKeys(actions, dialog) {
  const names = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
  const upper = (text) => text.replace(/(^|\+)[a-z]$/, (end) => end.toUpperCase());
  const nameOf = (key) => upper(key.replace(/Arrow\w+| /, (part) => names[part]));
  const namesOf = (keys) => keys.flatMap((key, at) => [...(at ? [" or "] : []), element("kbd", {}, nameOf(key))]);
  const rows = actions.map(([keys, description]) =>
    element("tr", {}, element("td", {}, ...namesOf(keys)), element("td", {}, description)),
  );
  const enabled = element("input", { type: "checkbox", id: "keys", ".checked": true });
  const close = element("button", { type: "button", class: "close" }, "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(
    element("header", {}, element("h2", { id: "help-title" }, "Keyboard shortcuts"), close),
    element("p", {}, enabled, element("label", { for: "keys" }, " Enable keyboard shortcuts")),
    element("table", {}, element("tbody", {}, ...rows)),
    element("p", {}, "Drag to rotate the view, drag with the right mouse button to move it, scroll to zoom."),
  );
  document.addEventListener("keydown", (event) => {
    if (!enabled.checked || dialog.open || event.metaKey || event.altKey || isField(event.target)) return;
    const pressers = ["BUTTON", "SUMMARY", "SELECT"];
    const own = { " ": pressers, Enter: pressers, ArrowUp: ["SELECT"], ArrowDown: ["SELECT"] }[event.key] || [];
    if (own.includes(event.target.tagName)) return;
    const pressed = pressedKey(event);
    const row = actions.find(([keys, , , holds]) => keys.includes(pressed) && (!holds || holds()));
    if (!row) return;
    event.preventDefault();
    row[2]();
  });
  // A mouse click leaves no focus behind, so that the space bar still plays and pauses.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button, summary");
    if (button && event.detail > 0 && !dialog.contains(button)) button.blur();
  });
}
