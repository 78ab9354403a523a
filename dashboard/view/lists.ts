// What happened and how things stand: conditions, the stream of events, and the history of failovers.
import type { NumberedEvent } from "../../core/state/stats.ts";
import type { ConditionType, FailoverRecord, StatusCondition } from "../../core/state/status.ts";
import { ago, capital, clock, duration, spaced } from "../model/format.ts";
import type { Model } from "../model/model.ts";
import { el, Keyed, must, setAttribute, setText } from "./elements.ts";

/** For most conditions True is good news. */
const goodWhenFalse: readonly ConditionType[] = ["Degraded", "Paused", "Scaling"];
const bad: readonly ConditionType[] = ["Degraded"];

function toneOf({ type, status }: StatusCondition): string {
  if (status === "Unknown") return "unknown";
  if (goodWhenFalse.includes(type)) return status === "False" ? "good" : bad.includes(type) ? "bad" : "busy";
  return status === "True" ? "good" : "bad";
}

export class Conditions {
  readonly #list: Keyed<{ readonly condition: StatusCondition; readonly nowMs: number }, HTMLLIElement>;

  constructor() {
    this.#list = new Keyed(must("conditions", HTMLUListElement), {
      make: ({ condition }) =>
        el(
          "li",
          {},
          el("span", { class: "condition-name" }, capital(spaced(condition.type))),
          el("span", { class: "condition-status" }),
          el("span", { class: "condition-message" }),
        ),
      update: (item, { condition, nowMs }) => {
        setAttribute(item, "data-tone", toneOf(condition));
        const [, status, message] = item.children;
        if (status !== undefined) setText(status, condition.status);
        if (message !== undefined)
          setText(message, `${capital(condition.message)} · ${ago(nowMs - condition.sinceMs)}`);
      },
    });
  }

  show({ status }: Model, serverNowMs: number): void {
    const conditions = (status?.conditions ?? []).map((condition) => ({ condition, nowMs: serverNowMs }));
    this.#list.show(conditions, ({ condition }) => condition.type);
  }
}

export class Events {
  readonly #empty = must("events-empty", HTMLElement);
  readonly #warningsOnly = must("events-warnings", HTMLInputElement);
  readonly #list: Keyed<NumberedEvent, HTMLLIElement>;
  #shown: unknown = null;

  constructor(redraw: () => void) {
    this.#warningsOnly.addEventListener("change", () => {
      this.#shown = null;
      redraw();
    });
    this.#list = new Keyed(must("events", HTMLOListElement), {
      make: ({ atMs, severity, reason, message, reconcile }) =>
        el(
          "li",
          { "data-severity": severity, title: `reconcile ${reconcile}` },
          el("time", { datetime: new Date(atMs).toISOString() }, clock(atMs)),
          el("span", { class: "event-reason" }, reason),
          el("span", { class: "event-message" }, capital(message)),
        ),
      update: () => undefined,
    });
  }

  show({ events }: Model): void {
    if (events === this.#shown) return;
    this.#shown = events;
    const wanted = this.#warningsOnly.checked
      ? events.filter(({ severity }) => severity === "warning")
      : events;
    this.#empty.hidden = wanted.length > 0;
    this.#list.show([...wanted].reverse(), ({ id }) => id);
  }
}

export class Failovers {
  readonly #empty = must("failovers-empty", HTMLElement);
  readonly #list: Keyed<
    { readonly record: FailoverRecord; readonly nowMs: number; readonly longestMs: number },
    HTMLLIElement
  >;

  constructor() {
    this.#list = new Keyed(must("failovers", HTMLOListElement), {
      make: ({ record }) =>
        el(
          "li",
          {},
          el("span", { class: "failover-who" }, `${record.from ?? "?"} → ${record.to}`),
          el(
            "span",
            { class: "failover-gap" },
            record.gapMs === null ? "gap unknown" : duration(record.gapMs),
          ),
          el("span", { class: "failover-bar", "aria-hidden": "true" }, el("i")),
          el("span", { class: "failover-epoch" }, `epoch ${record.epoch}`),
          el("span", { class: "failover-when" }),
        ),
      update: (item, { record, nowMs, longestMs }) => {
        const bar = item.querySelector<HTMLElement>("i");
        if (bar !== null)
          bar.style.transform = `scaleX(${longestMs === 0 ? 0 : (record.gapMs ?? 0) / longestMs})`;
        const when = item.lastElementChild;
        if (when !== null) setText(when, ago(nowMs - record.atMs));
      },
    });
  }

  show({ status }: Model, serverNowMs: number): void {
    const failovers = status?.failovers ?? [];
    this.#empty.hidden = failovers.length > 0;
    const longestMs = failovers.reduce((most, { gapMs }) => Math.max(most, gapMs ?? 0), 0);
    const rows = [...failovers].reverse().map((record) => ({ record, nowMs: serverNowMs, longestMs }));
    this.#list.show(rows, ({ record }) => `${record.epoch}`);
  }
}
