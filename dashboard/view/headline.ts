// The state of the cluster in words, and the steps of a failover while one is told.
import { sceneOf, steps } from "../model/failover.ts";
import type { Model } from "../model/model.ts";
import { headlineOf, stepTitles } from "../model/words.ts";
import { el, must, setAttribute, setText } from "./elements.ts";

export class HeadlineView {
  readonly #section = must("headline", HTMLElement);
  readonly #title = must("headline-title", HTMLElement);
  readonly #detail = must("headline-detail", HTMLElement);
  readonly #steps = must("steps", HTMLOListElement);
  readonly #cluster = must("cluster-name", HTMLElement);
  readonly #generation = must("generation", HTMLElement);

  constructor() {
    for (const step of steps) this.#steps.append(el("li", { "data-step": step }, stepTitles[step]));
  }

  show(model: Model, nowMs: number): void {
    const { mood, title, detail } = headlineOf(model, nowMs);
    setAttribute(this.#section, "data-mood", mood);
    setText(this.#title, title);
    setText(this.#detail, detail);
    const { status, failover } = model;
    if (status !== null) {
      setText(this.#cluster, status.cluster);
      const behind = status.observedGeneration < status.generation ? `, at work on ${status.generation}` : "";
      setText(this.#generation, `manifest generation ${status.observedGeneration}${behind}`);
      document.title = `${title} · ${status.cluster}`;
    }
    this.#steps.hidden = failover === null;
    if (failover === null) return;
    const current = steps.indexOf(sceneOf(failover, nowMs).step);
    [...this.#steps.children].forEach((item, i) => {
      setAttribute(item, "data-state", i < current ? "done" : i === current ? "now" : "next");
      setAttribute(item, "aria-current", i === current ? "step" : null);
    });
  }
}
