// The editor's panel: action and words of the selected segment, a button per correction, what is saved, and downloads.
"use strict";

/** Rows [keys, description, action] of the editor; they hold while it is on. */
function editorActions(editor) {
  return [
    [["e"], "correct, on or off", () => editor.toggle()],
    ...correctionActions(editor).map(([keys, description, act]) => [keys, description, () => editor.on && act(), () => editor.on]),
  ];
}

function correctionActions(editor) {
  return [
    [["j"], "select the next segment", () => editor.step(1)],
    [["Shift+J"], "select the previous segment", () => editor.step(-1)],
    [["u"], "next uncertain segment", () => editor.nextUnsure()],
    [["y"], "accept the segment as right", () => editor.accept()],
    [["r"], "change the action", () => focusOn(".edit-label")],
    [["t", "Enter"], "change the words", () => focusOn(".edit-words")],
    [["["], "start the segment here", () => editor.boundHere("start")],
    [["]"], "end the segment here", () => editor.boundHere("end")],
    [["{"], "start it at the nearest likely boundary", () => editor.boundAtLikely("start")],
    [["}"], "end it at the nearest likely boundary", () => editor.boundAtLikely("end")],
    [["c"], "split it here", () => editor.split()],
    [["m"], "merge it with the next one", () => editor.merge()],
    [["Delete", "Backspace"], "delete it", () => editor.remove()],
    [["i"], "begin a selection here", () => editor.markStart()],
    [["o"], "end the selection here; playing repeats it", () => editor.markEnd()],
    [["b"], "new segment over the selection", () => editor.add()],
    [["z", "Ctrl+z"], "undo", () => editor.undo()],
    [["Shift+Z", "Ctrl+y", "Ctrl+Shift+Z"], "redo", () => editor.redo()],
    [["/"], "search for a word", () => focusOn(".edit-search")],
  ];
}

function focusOn(selector) {
  const field = document.querySelector(selector);
  field.focus();
  field.select();
}

/** Fill the panel; returns update(). */
function makePanel(root, editor) {
  const fields = makeFields(editor);
  const buttons = makeEditButtons(editor);
  const about = element("p", { class: "edit-state" });
  const conflict = element("div", { class: "conflict", role: "alert" });
  root.append(fields.root, buttons.root, conflict, element("div", { class: "edit-row last" }, about, ...makeSaving(editor)));
  return () => {
    root.hidden = !editor.on;
    document.documentElement.classList.toggle("editing", editor.on);
    if (!editor.on) return;
    fields.update();
    buttons.update();
    about.textContent = stateText(editor);
    showConflict(conflict, editor);
  };
}

function makeFields(editor) {
  const options = element("datalist", { id: "actions" });
  options.append(...editor.about.actions.map((action) => element("option", { value: action })));
  const label = element("input", { class: "edit-label", list: "actions", autocomplete: "off", spellcheck: "false" });
  const words = element("input", { class: "edit-words", autocomplete: "off" });
  const search = element("input", { class: "edit-search", type: "search", placeholder: "a word" });
  const title = element("output", { class: "edit-title" });
  label.addEventListener("input", () => editor.setLabel(label.value));
  words.addEventListener("input", () => editor.setText(words.value));
  for (const field of [label, words]) field.addEventListener("blur", () => editor.history.pause());
  for (const field of [label, words, search]) field.addEventListener("keydown", (event) => leaveField(event, editor));
  const named = (text, field) => element("label", { class: "edit-field" }, element("span", {}, text), field);
  const root = element("div", { class: "edit-row fields" }, title, named("Action", label), named("Words", words));
  root.append(named("Search", search), options);
  const update = () => {
    const { segment } = editor;
    title.textContent = segment ? titleOf(segment) : "No segment selected";
    for (const field of [label, words]) field.disabled = !segment;
    if (document.activeElement !== label) label.value = segment ? segment.label || "" : "";
    if (document.activeElement !== words) words.value = segment ? segment.words.map(({ word }) => word).join(" ") : "";
  };
  return { root, update };
}

/** Enter and Escape leave a field; in the search Enter goes to the next place. */
function leaveField(event, editor) {
  if (!["Enter", "Escape"].includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.target.type === "search" && event.key === "Enter") editor.search(event.target.value);
  else event.target.blur();
}

/** Times of a segment, who made it and how certain it is. */
function titleOf(segment) {
  const { start, end, made, checked } = segment;
  const certainty = certaintyOf(segment);
  const certain = checked
    ? `checked by ${checked.by}`
    : certainty === null
      ? "not checked"
      : `${Math.round(100 * certainty)} % certain`;
  return `${start.toFixed(2)} – ${end.toFixed(2)} s · by ${made.by || "a model"} · ${certain}`;
}

function makeEditButtons(editor) {
  const rows = [
    ["Accept", "Y", () => editor.accept()],
    ["Next uncertain", "U", () => editor.nextUnsure()],
    ["Split", "C", () => editor.split()],
    ["Merge with next", "M", () => editor.merge()],
    ["Delete", "Delete", () => editor.remove()],
    ["New segment", "B", () => editor.add()],
    ["Start here", "[", () => editor.boundHere("start")],
    ["End here", "]", () => editor.boundHere("end")],
    ["Undo", "Z", () => editor.undo()],
    ["Redo", "Shift+Z", () => editor.redo()],
    ["Model’s version", "", () => editor.restore()],
    ...(editor.takes.length > 1 || editor.about.next ? [["Next recording", "N", () => editor.player.changeTake(1)]] : []),
  ];
  const buttons = rows.map(([name, key, act]) => {
    const button = element("button", { type: "button", class: "edit-button", title: key ? `${name} (${key})` : name }, name);
    if (key) button.append(element("kbd", { "aria-hidden": "true" }, key));
    button.addEventListener("click", act);
    return button;
  });
  const root = element("div", { class: "edit-row buttons", role: "group", "aria-label": "Corrections" }, ...buttons);
  const named = (name) => buttons[rows.findIndex(([each]) => each === name)];
  const update = () => {
    for (const name of ["Accept", "Merge with next", "Delete", "Start here", "End here"]) named(name).disabled = !editor.segment;
    named("New segment").disabled = !editor.clock.loop;
    named("Undo").disabled = !editor.history.past.length;
    named("Redo").disabled = !editor.history.future.length;
  };
  return { root, update };
}

/** Name, format and download. */
function makeSaving(editor) {
  const person = element("input", { class: "edit-person", autocomplete: "name", ".value": editor.person });
  person.addEventListener("input", () => editor.setPerson(person.value));
  person.addEventListener("keydown", (event) => leaveField(event, editor));
  const format = element("select", { class: "edit-format", "aria-label": "Format" });
  format.append(...EXPORTS.map(([suffix, name]) => element("option", { value: suffix }, name)));
  const save = element("button", { type: "button", class: "edit-button strong" }, "Download");
  save.addEventListener("click", () => downloadTake(editor, format.value));
  const list = editor.about.list ? [element("a", { class: "edit-list", href: editor.about.list }, "All recordings")] : [];
  return [...list, element("label", { class: "edit-field" }, element("span", {}, "Your name"), person), format, save];
}

/** Save the selected take's transcript; JSON with who made what. */
function downloadTake(editor, suffix) {
  const take = editor.takes[editor.take];
  const [, , write] = EXPORTS.find(([each]) => each === suffix);
  const stem = take.name.replace(/\.[^.]*$/, "") || take.name;
  const name = suffix === "json" ? `${stem}.corrected.json` : `${stem}.${suffix}`;
  const version = Math.max(editor.keepers[editor.take].version, 1);
  download(name, write(suffix === "json" ? editor.correction(editor.take, version) : editor.transcript(editor.take)));
}

function stateText(editor) {
  const segments = editor.history.present.flatMap((doc) => doc.segments);
  const checked = segments.filter((segment) => segment.checked).length;
  const unsure = segments.filter(isUnsure).length;
  const { state, reason } = editor.keepers[editor.take];
  const where = editor.about.address ? "to its file" : "in this browser";
  const texts = {
    unchanged: "no changes",
    saving: "saving…",
    saved: `saved ${where}`,
    failed: `not saved: ${reason}; download to keep your work`,
    conflict: "not saved",
  };
  return `${checked} of ${segments.length} checked · ${unsure} uncertain · ${texts[state]}`;
}

function showConflict(box, editor) {
  const number = editor.keepers.findIndex(({ state }) => state === "conflict");
  box.hidden = number < 0;
  if (number < 0 || box.dataset.number === String(number)) return number < 0 && delete box.dataset.number;
  box.dataset.number = number;
  const { other } = editor.keepers[number];
  const button = (text, keepsMine) => {
    const each = element("button", { type: "button", class: "edit-button" }, text);
    each.addEventListener("click", () => editor.settle(number, keepsMine));
    return each;
  };
  const text = `${editor.takes[number].name} was changed elsewhere by ${other.correction.person}. Nothing has been overwritten. `;
  return box.replaceChildren(text, button("Show the other version", false), button("Keep mine", true));
}
