// Tabs, movable borders, panes of a narrow window, theme.

import { byId } from "./dom.js";
import { local } from "./store.js";

/** Tabs as the ARIA practices describe them: one tab stop, arrows choose. @param {HTMLElement} list */
export function tabs(list) {
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
  const select = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of all) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls") ?? "").hidden = tab !== chosen;
    }
  };
  select(all[0]);
  for (const tab of all) tab.addEventListener("click", () => select(tab));
  list.addEventListener("keydown", ({ key }) => {
    const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    const next = all[(all.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step + all.length) % all.length];
    select(next);
    next.focus();
  });
}

/** A border that the mouse drags and the arrows move. @param {HTMLElement} bar */
export function splitter(bar) {
  const { variable = "", pane = "", from } = bar.dataset;
  const vertical = bar.getAttribute("aria-orientation") === "vertical";
  const sizes = local.get("sizes", /** @type {Record<string, number>} */ ({}));
  const set = (/** @type {number} */ size) => {
    const room = vertical ? innerWidth : innerHeight;
    sizes[variable] = Math.round(Math.max(90, Math.min(room * 0.7, size)));
    document.documentElement.style.setProperty(variable, `${sizes[variable]}px`);
    bar.setAttribute("aria-valuenow", String(sizes[variable]));
  };
  const box = () => byId(pane).getBoundingClientRect();
  const keep = () => local.set("sizes", { ...local.get("sizes", {}), [variable]: sizes[variable] });
  if (sizes[variable]) set(sizes[variable]);
  bar.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    bar.setPointerCapture(event.pointerId);
  });
  bar.addEventListener("pointermove", ({ pointerId, clientX, clientY }) => {
    if (!bar.hasPointerCapture(pointerId)) return;
    const { left, right, bottom } = box();
    set(from === "left" ? clientX - left : from === "right" ? right - clientX : bottom - clientY);
  });
  bar.addEventListener("pointerup", keep);
  bar.addEventListener("keydown", ({ key }) => {
    const step = /** @type {Record<string, number>} */ ({ ArrowLeft: -24, ArrowUp: 24, ArrowRight: 24, ArrowDown: -24 })[key];
    if (!step) return;
    const { width, height } = box();
    set((vertical ? width : height) + (from === "right" ? -step : step));
    keep();
  });
}

/** Shows one pane in a narrow window; a wide one shows all. @param {"side"|"compose"|"answer"} name */
export function showPane(name) {
  document.body.dataset.pane = name;
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-show") === name));
  }
}

export function toggleTheme() {
  const { dataset } = document.documentElement;
  const dark = dataset.theme ? dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("fraiseql-explorer:theme", dataset.theme);
  } catch {
    // the choice lasts as long as the page
  }
}
