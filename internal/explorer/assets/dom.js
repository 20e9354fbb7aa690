// Makes elements. Text always becomes a text node: nothing from a server, a
// schema or an address is ever read as markup.

/**
 * @param {string} tag name and classes: "button.primary"
 * @param {Record<string, any>} [props] on… are listeners; true and false set and leave out; the rest are attributes
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any} the element
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, String(value));
  }
  element.append(...children.filter((child) => child != null && child !== false).map((child) => /** @type {Node|string} */ (child)));
  return element;
}

/** @param {string} id @returns {any} the element of the page with that id */
export const byId = (id) => document.getElementById(id);

/** Puts a fixed box below a place on the screen, or above it where there is no room. @param {HTMLElement} box @param {DOMRect} near */
export function place(box, near) {
  const { width, height } = box.getBoundingClientRect();
  const below = near.bottom + height < innerHeight - 4 || near.top < height;
  box.style.left = `${Math.max(4, Math.min(near.left - 8, innerWidth - width - 4))}px`;
  box.style.top = `${below ? near.bottom + 2 : near.top - height - 2}px`;
}

/** Says something shortly, also to screen readers. @param {string} text */
export function toast(text) {
  const place = byId("toast");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(Number(place.dataset.timer));
  place.dataset.timer = String(setTimeout(() => place.classList.remove("shown"), 3500));
}

/** @param {string} text @param {string} what */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied.`);
  } catch {
    window.prompt(`The browser refuses to copy. ${what}:`, text);
  }
}
