// A recording on its way: uploaded, waiting, described; it can be cancelled at any time.

/** Send a recording. `tell(text, share)` is called with each change; share is null where nobody knows how much is done.
 * Returns {answer: a promise of the server's answer, cancel()}. */
export function send({ parts, options, forms, most }, tell) {
  const request = new XMLHttpRequest();
  const answer = new Promise((resolve, reject) => {
    if (parts.some((file) => file.size > 1e6 * most)) {
      reject(new Error(`larger than the limit of ${most} MB; cut the recording`));
      return;
    }
    const body = new FormData();
    for (const file of parts) body.append("file", file);
    for (const [name, value] of Object.entries(options)) body.append(name, value);
    body.append("form", forms.join(","));
    request.open("POST", "/api/transcribe");
    request.setRequestHeader("Accept", "application/x-ndjson");
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => tell("uploading", lengthComputable ? loaded / total : null);
    let read = 0;
    request.onprogress = () => {
      for (const line of request.responseText.slice(read).split("\n").slice(0, -1)) {
        read += line.length + 1;
        const { before } = JSON.parse(line);
        if (before !== undefined) tell(before ? `waiting, ${before} ahead` : "describing", null);
      }
    };
    request.onload = () => {
      const found = lastLine(request);
      if (found.error) reject(new Error(found.error));
      else if (found.transcript) resolve(found);
      else reject(new Error("the connection was lost before the result arrived"));
    };
    request.onerror = () => reject(new Error("the server cannot be reached; is m2l serve running?"));
    request.onabort = () => reject(new Error("cancelled"));
    request.send(body);
  });
  return { answer, cancel: () => request.abort() };
}

function lastLine({ responseText, status }) {
  try {
    return JSON.parse(responseText.trim().split("\n").pop());
  } catch {
    return { error: `the server answered with status ${status}` };
  }
}
