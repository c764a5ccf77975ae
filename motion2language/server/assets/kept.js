// Results that survive a reload: kept in the browser's database until they are removed. Recordings are not kept.

const opened = new Promise((resolve, reject) => {
  const request = indexedDB.open("motion2language", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("results", { keyPath: "id" });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** Do something with the store of results; null where the browser keeps nothing. */
async function withStore(mode, act) {
  try {
    const transaction = (await opened).transaction("results", mode);
    const request = act(transaction.objectStore("results"));
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result); // only then a reload finds what was written
      transaction.onabort = transaction.onerror = () => reject(request.error);
    });
  } catch {
    return null; // a browser that keeps nothing still shows its results
  }
}

/** Keep a result {id, name, transcript, files}. */
export const keep = (result) => withStore("readwrite", (store) => store.put(result));

export const forget = (id) => withStore("readwrite", (store) => store.delete(id));

/** All results in the order in which they were kept. */
export const kept = async () => (await withStore("readonly", (store) => store.getAll())) || [];
