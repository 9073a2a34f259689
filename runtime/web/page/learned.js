// What the page learned, kept in the browser's storage: one index for each network, and a small picture of each entry.

const encode = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** What was learned with a network. `pictures` has an address of a small picture for each entry. */
export function recall(network) {
  try {
    const { index, pictures } = JSON.parse(localStorage.getItem(key(network)));
    return { index: decode(index), pictures: new Map(pictures) };
  } catch {
    return { index: null, pictures: new Map() };
  }
}

/** Keeps what a model learned. Returns whether the browser has kept it. */
export function keep(model, pictures) {
  const index = model.exportIndex();
  try {
    if (index) {
      const left = model.learned.map(({ id }) => [id, pictures.get(id)]);
      localStorage.setItem(key(model.network), JSON.stringify({ index: encode(index), pictures: left }));
    } else localStorage.removeItem(key(model.network));
    return true;
  } catch {
    return false;
  }
}

const key = (network) => `ocelli ${network}`;
