// Files that were dropped or chosen: folders are searched, and files are grouped into recordings.

const KNOWN = /\.(bvh|fbx|glb|gltf|vrma?|amc|asf|np[yz]|xml|mvnx|c3d|trc|skeleton)$/i;

/** The files of a drop; of folders those whose names end as recordings do. */
export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
  if (!entries.some((entry) => entry && entry.isDirectory)) return [...transfer.files];
  const found = await Promise.all(entries.filter(Boolean).map((entry) => filesIn(entry, false)));
  return found.flat();
}

async function filesIn(entry, inFolder) {
  if (entry.isFile) {
    if (inFolder && !KNOWN.test(entry.name)) return [];
    return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  }
  const reader = entry.createReader();
  const inside = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break; // a reader gives at most 100 entries at a time
    inside.push(...some);
  }
  inside.sort((a, b) => a.name.localeCompare(b.name));
  return (await Promise.all(inside.map((each) => filesIn(each, true)))).flat();
}

/** Group files into recordings: each file by itself, an .amc with the .asf of its subject, or with the only .asf. */
export function recordingsOf(files) {
  const skeletons = files.filter((file) => /\.asf$/i.test(file.name));
  const others = files.filter((file) => !skeletons.includes(file));
  const isOf = (file, asf) => file.name.startsWith(asf.name.replace(/\.asf$/i, ""));
  const fitting = (file) =>
    skeletons.length === 1 ? skeletons : skeletons.filter((asf) => isOf(file, asf)).slice(0, 1);
  return others.map((file) => (/\.amc$/i.test(file.name) ? [file, ...fitting(file)] : [file]));
}
