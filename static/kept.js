// What was written and could not be sent yet outlives a reload: this browser keeps it, encrypted with a key that only
// pages of the same account are given, until it is sent or somebody signs out. Where a browser keeps nothing, as in some
// private windows, it lives in the page's memory alone, as ever.
window.kept = (() => {
  "use strict";

  const NAME = "portal";
  const STORE = "unsent";
  const AT_MOST = 30 * 24 * 3600 * 1000; // of somebody who never came back
  const secret = document.body.dataset.kept;
  const given = secret && globalThis.crypto?.subtle ? Uint8Array.from(atob(secret), (sign) => sign.charCodeAt(0)) : null;
  document.body.removeAttribute("data-kept");
  const bytes = (text) => new TextEncoder().encode(text);

  const key = given && crypto.subtle.importKey("raw", given, "AES-GCM", false, ["encrypt", "decrypt"]);
  // Whose it is, without saying who: others who use this browser have a key of their own.
  const owner = given && crypto.subtle.digest("SHA-256", given).then((hash) => btoa(String.fromCharCode(...new Uint8Array(hash))));

  const settled = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  async function within(mode, act) {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id" });
    const database = await settled(opening);
    try {
      return await settled(act(database.transaction(STORE, mode).objectStore(STORE)));
    } finally {
      database.close();
    }
  }

  async function put(id, what) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const how = { name: "AES-GCM", iv, additionalData: bytes(id) };
    const box = await crypto.subtle.encrypt(how, await key, bytes(JSON.stringify(what)));
    const record = { id, owner: await owner, at: Date.now(), iv, box };
    await within("readwrite", (store) => store.put(record));
    return true;
  }

  async function open({ id, at, iv, box }) {
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: bytes(id) }, await key, box);
    return { ...JSON.parse(new TextDecoder().decode(text)), id, at };
  }

  // In the order in which they were written; what can't be read, or nobody came back for, goes.
  async function all() {
    const mine = await owner;
    const found = [];
    for (const record of await within("readonly", (store) => store.getAll())) {
      if (record.at < Date.now() - AT_MOST) await drop(record.id);
      else if (record.owner === mine) found.push(await open(record).catch(() => drop(record.id)));
    }
    return found.filter(Boolean).sort((one, other) => one.at - other.at);
  }

  const drop = (id) => within("readwrite", (store) => store.delete(id));
  const wipe = () => within("readwrite", (store) => store.clear());

  // Without a key or a store nothing is kept, and nothing else depends on it.
  const ifAble = (act, otherwise) => async (...given) => (key ? act(...given).catch(() => otherwise) : otherwise);
  return { put: ifAble(put, false), drop: ifAble(drop), all: ifAble(all, []), wipe: ifAble(wipe) };
})();
