// Making and changing elements. Nothing is ever parsed as HTML: what the cluster says becomes text.

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string;

function furnish<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  element.append(...children);
  return element;
}

export const el = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] => furnish(document.createElement(tag), attributes, children);

export const svg = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] =>
  furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Touches the page only when there is something to change: screen readers and selections stay undisturbed. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | number | null): void {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

export function must<E extends Element>(id: string, kind: new () => E): E {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`the page has no #${id}`);
}

/** A list of elements that follows a list of values; an element lives as long as its key is among them. */
export class Keyed<T, E extends Element> {
  readonly #parent: Element;
  readonly #make: (value: T) => E;
  readonly #update: (element: E, value: T) => void;
  readonly #leave: (element: E) => void;
  readonly #elements = new Map<string, E>();

  constructor(
    parent: Element,
    ports: {
      readonly make: (value: T) => E;
      readonly update: (element: E, value: T) => void;
      /** Takes a leaving element off the page, at once by default. */
      readonly leave?: (element: E) => void;
    },
  ) {
    this.#parent = parent;
    this.#make = ports.make;
    this.#update = ports.update;
    this.#leave = ports.leave ?? ((element) => element.remove());
  }

  show(values: readonly T[], keyOf: (value: T) => string): void {
    const keys = new Set(values.map(keyOf));
    for (const [key, element] of this.#elements)
      if (!keys.has(key)) {
        this.#elements.delete(key);
        this.#leave(element);
      }
    let before: Element | null = null;
    for (const value of [...values].reverse()) {
      const key = keyOf(value);
      let element = this.#elements.get(key);
      if (element === undefined) {
        element = this.#make(value);
        this.#elements.set(key, element);
        this.#parent.insertBefore(element, before);
      } else if (element.nextElementSibling !== before) this.#parent.insertBefore(element, before);
      this.#update(element, value);
      before = element;
    }
  }
}
