// The counting window filling up towards the next slave, and how many there shall be against how many there are.
import type { WorkerStatus } from "../../core/state/status.ts";
import { count, plural, remaining } from "../model/format.ts";
import { latest, type Model } from "../model/model.ts";
import { type Gauge, gaugeOf, type Stretch, stretchesMin } from "../model/scaling.ts";
import { el, Keyed, must, setAttribute, setText } from "./elements.ts";

export class ScalingCard {
  readonly #reads = must("window-reads", HTMLElement);
  readonly #left = must("window-left", HTMLElement);
  readonly #sentence = must("window-sentence", HTMLElement);
  readonly #time = must("window-time", HTMLElement);
  readonly #desired = must("desired", HTMLElement);
  readonly #observed = must("observed", HTMLElement);
  readonly #reason = must("desired-reason", HTMLElement);
  readonly #bounds = must("bounds", HTMLElement);
  readonly #track = must("window-track", HTMLElement);
  readonly #meter = must("window-meter", HTMLMeterElement);
  readonly #stretches: Keyed<Stretch & { readonly isFirst: boolean }, HTMLElement>;
  readonly #seats: Keyed<Seat, HTMLElement>;

  constructor() {
    this.#stretches = new Keyed(this.#track, {
      make: (): HTMLElement =>
        el(
          "div",
          { class: "stretch" },
          el("span", { class: "stretch-slaves" }),
          el("div", { class: "stretch-bar" }, el("div", { class: "stretch-filling" })),
          el("span", { class: "stretch-reads" }),
        ),
      update: (element, { filled, outOfBounds, slaves, upToReads, isFirst }) => {
        const filling = element.querySelector<HTMLElement>(".stretch-filling");
        if (filling !== null) filling.style.transform = `scaleX(${filled})`;
        const [first, , second] = element.children;
        if (first !== undefined) setText(first, isFirst ? plural(slaves, "slave") : String(slaves));
        if (second !== undefined) setText(second, count(upToReads));
        setAttribute(element, "data-out", outOfBounds ? "" : null);
      },
    });
    this.#seats = new Keyed<Seat, HTMLElement>(must("seats", HTMLElement), {
      make: () => el("span", { class: "seat" }),
      update: (element, { state }) => setAttribute(element, "data-state", state),
    });
  }

  show(model: Model, serverNowMs: number): void {
    const { status } = model;
    const scaling = latest(model)?.scaling ?? null;
    if (status === null) return;
    setText(this.#desired, String(status.desiredSlaves));
    setText(this.#observed, String(status.readySlaves));
    setText(this.#reason, status.desiredReason);
    this.#seats.show(seatsOf(status.workers, status.desiredSlaves), ({ key }) => key);
    if (scaling === null) return;
    setText(this.#bounds, `min ${scaling.min} · baseline ${scaling.baseline} · max ${scaling.max}`);
    const gauge = gaugeOf(status.window, scaling, status.desiredSlaves, serverNowMs);
    setText(this.#reads, count(gauge.reads));
    setText(this.#left, gauge.leftMs === null ? "not started" : remaining(gauge.leftMs));
    setText(this.#sentence, sentence(gauge));
    this.#time.style.transform = `scaleX(${1 - gauge.elapsed})`;
    const roomForWords = gauge.stretches.length <= stretchesMin;
    this.#stretches.show(
      gauge.stretches.map((stretch, i) => ({ ...stretch, isFirst: i === 0 && roomForWords })),
      ({ slaves }) => String(slaves),
    );
    this.#meter.max = gauge.stretches.at(-1)?.upToReads ?? 0;
    this.#meter.value = gauge.reads;
    setAttribute(this.#meter, "aria-valuetext", `${plural(gauge.reads, "read")} so far. ${sentence(gauge)}`);
  }
}

function sentence({ leftMs, next, slavesNow, reads }: Gauge): string {
  if (leftMs === null) return "The timer starts with the first read.";
  const now = `If it ended now: ${plural(slavesNow, "slave")}`;
  if (next === null) return `${now}, the most there may be.`;
  const missing = next.atReads - reads;
  return `${now}. ${missing === 1 ? "1 more read makes" : `${count(missing)} more reads make`} it ${next.slaves}.`;
}

interface Seat {
  readonly key: string;
  readonly state: "ready" | "coming" | "missing" | "leaving";
}

/** One for each slave that shall be or is: taken, being taken, empty, or one too many. */
function seatsOf(workers: readonly WorkerStatus[], desired: number): readonly Seat[] {
  const slaves = workers.filter(({ state }) => state !== "master" && state !== "dead" && state !== "unknown");
  const of = (...states: readonly WorkerStatus["state"][]) =>
    slaves.filter(({ state }) => states.includes(state)).length;
  const [ready, coming, leaving] = [of("slave"), of("starting", "joining"), of("draining")];
  const missing = Math.max(0, desired - ready - coming);
  const seats = (state: Seat["state"], amount: number): readonly Seat["state"][] =>
    Array.from({ length: amount }, () => state);
  return [
    ...seats("ready", ready),
    ...seats("coming", coming),
    ...seats("missing", missing),
    ...seats("leaving", leaving),
  ].map((state, i) => ({ key: String(i), state }));
}
