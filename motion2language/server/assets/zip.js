// A ZIP archive of texts, stored without compression.

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** Numbers as bytes, the lowest first: rows [value, bytes]. */
function packed(...fields) {
  return Uint8Array.from(fields.flatMap(([value, size]) => Array.from({ length: size }, (_, at) => (value >>> (8 * at)) & 255)));
}

const UTF8 = 0x0800; // the flag for names in UTF-8
const EARLIEST = 0x21; // 1980-01-01, the format's first day

/** A Blob with the files [name, text]; a name that occurs again gets a number. */
export function zipOf(files) {
  const [parts, entries] = [[], []];
  const taken = new Set();
  let offset = 0;
  for (const [wanted, text] of files) {
    const name = new TextEncoder().encode(freeName(wanted, taken));
    const content = new TextEncoder().encode(text);
    const common = packed([20, 2], [UTF8, 2], [0, 2], [0, 2], [EARLIEST, 2], [checksum(content), 4], [content.length, 4],
      [content.length, 4], [name.length, 2], [0, 2]); // prettier-ignore
    parts.push(packed([0x04034b50, 4]), common, name, content);
    entries.push(packed([0x02014b50, 4], [20, 2]), common, packed([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]), name);
    offset += 4 + common.length + name.length + content.length;
  }
  const size = entries.reduce((sum, part) => sum + part.length, 0);
  const count = files.length;
  const end = packed([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [offset, 4], [0, 2]);
  return new Blob([...parts, ...entries, end], { type: "application/zip" });
}

function freeName(name, taken) {
  const dot = name.indexOf(".", 1) < 0 ? name.length : name.indexOf(".", 1);
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name.slice(0, dot)}_${number}${name.slice(dot)}`;
  taken.add(free);
  return free;
}
