/** Elements of the page: what is put into them is text, and stays it. */

export interface Elements {
  /** A child that is a string is text. */
  make<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Readonly<Record<string, string>>,
    ...children: readonly (Node | string)[]
  ): HTMLElementTagNameMap[K];
}

export function elements(): Elements {
  return {
    make(tag, attributes, ...children) {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      element.append(...children);
      return element;
    },
  };
}
