// The lists that the page shows. All text is set as text, never as HTML.

const element = (name, className = "") => Object.assign(document.createElement(name), { className });

/** A list of bars. A press on one calls `chosen` with what it shows. */
export class Bars {
  #list;
  #chosen;
  #rows = [];

  constructor(list, chosen) {
    this.#list = list;
    this.#chosen = chosen;
  }

  /** Shows values `{index, name, probability}`, with the chosen one marked. */
  show(values, isChosen) {
    while (this.#rows.length < values.length) this.#rows.push(this.#row());
    this.#rows.splice(values.length).forEach(({ item }) => item.remove());
    values.forEach((value, place) => {
      const row = this.#rows[place];
      row.value = value;
      write(row.name, value.name);
      write(row.share, percent(value.probability));
      row.bar.style.transform = `scaleX(${value.probability.toFixed(3)})`;
      row.button.setAttribute("aria-pressed", String(isChosen(value)));
    });
  }

  #row() {
    const item = element("li");
    const button = Object.assign(element("button", "bar"), { type: "button" });
    const [name, share, bar] = ["name", "share", "fill"].map((part) => element("span", part));
    const row = { item, button, name, share, bar };
    button.append(row.bar, row.name, row.share);
    button.addEventListener("click", () => this.#chosen(row.value));
    item.append(button);
    this.#list.append(item);
    return row;
  }
}

/** Shows the nearest pictures. `picture` gives an element for one of them, or nothing. */
export function showFound(list, found, picture) {
  list.replaceChildren(...found.map((neighbour) => {
    const item = element("li", neighbour.learned ? "learned" : "");
    const label = neighbour.label ?? neighbour.name ?? `entry ${neighbour.id}`;
    const frame = element("span", "thumb");
    frame.append(picture(neighbour) ?? initial(label));
    const name = element("span", "name");
    write(name, label);
    item.title = `${neighbour.name ?? label}, distance ${neighbour.distance}`;
    item.append(frame, name);
    return item;
  }));
}

/** Shows what was learned: for each name its pictures, and a button that forgets them. */
export function showThings(list, learned, picture, forget) {
  const things = Map.groupBy ? Map.groupBy(learned, (entry) => entry.label) : group(learned);
  list.replaceChildren(...[...things].map(([label, entries]) => {
    const item = element("li");
    const name = element("span", "name");
    write(name, label);
    const pictures = element("span", "pictures");
    pictures.append(...entries.slice(0, 8).map((entry) => picture({ learned: true, ...entry }) ?? initial(label)));
    const button = Object.assign(element("button", "quiet"), { type: "button", textContent: "Forget" });
    button.setAttribute("aria-label", `Forget ${label}`);
    button.addEventListener("click", () => forget(label, entries));
    item.append(pictures, name, button);
    return item;
  }));
}

function group(learned) {
  const things = new Map();
  learned.forEach((entry) => things.set(entry.label, [...(things.get(entry.label) ?? []), entry]));
  return things;
}

function initial(label) {
  return Object.assign(element("span", "initial"), { textContent: [...label][0]?.toUpperCase() ?? "?" });
}

/** Sets the text of an element only if it is another one. */
export function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

export const percent = (probability) => `${(100 * probability).toFixed(probability < 0.0995 ? 1 : 0)} %`;

export const bytes = (count) => (count < 1e6 ? `${Math.round(count / 1000)} KB` : `${(count / 1e6).toFixed(1)} MB`);
