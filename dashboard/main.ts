// The page of the operator: one stream of messages in, one model, and views that draw it. Composes, and nothing else.
import { openFeed } from "./feed/open-feed.ts";
import { duration, rate } from "./model/format.ts";
import { emptyModel, type Message, reduce } from "./model/model.ts";
import { Actions } from "./view/actions.ts";
import { Chart } from "./view/chart.ts";
import { Confirm } from "./view/confirm.ts";
import { DatabaseView } from "./view/database-view.ts";
import { must } from "./view/elements.ts";
import { HeadlineView } from "./view/headline.ts";
import { HostsTable } from "./view/hosts-table.ts";
import { Conditions, Events, Failovers } from "./view/lists.ts";
import { ScalingCard } from "./view/scaling-card.ts";
import { SignIn } from "./view/sign-in.ts";
import { themeButton } from "./view/theme.ts";
import { Topology } from "./view/topology.ts";
import { followAddress } from "./view/views.ts";
import { WorkersTable } from "./view/workers-table.ts";

themeButton(must("theme", HTMLButtonElement), must("theme-label", HTMLElement));

const tickMs = 250;
const clusterView = must("cluster-view", HTMLElement);
let model = emptyModel;
let drawAsked = false;

const headline = new HeadlineView();
const topology = new Topology(must("topology", SVGSVGElement), must("topology-place", HTMLElement));
const scaling = new ScalingCard();
const workers = new WorkersTable();
const hosts = new HostsTable();
const conditions = new Conditions();
const events = new Events(() => draw());
const failovers = new Failovers();
const confirm = new Confirm();
const signIn = new SignIn(() => {
  feed.hurry();
  data.retry();
});
const actions = new Actions(confirm, signIn);
const data = new DatabaseView(confirm, signIn);
const rates = new Chart(must("rates", HTMLElement), {
  label: "Requests a second over the last three minutes",
  format: rate,
  leastMax: 5,
  series: [
    { name: "reads", tone: "reads", filled: true, valueOf: ({ reads }) => reads.perSecond },
    { name: "writes", tone: "writes", filled: true, valueOf: ({ writes }) => writes.perSecond },
    {
      name: "failed",
      tone: "failed",
      filled: false,
      valueOf: ({ reads, writes }) => reads.failedPerSecond + writes.failedPerSecond,
    },
  ],
});
const latencies = new Chart(must("latencies", HTMLElement), {
  label: "Time to answer over the last three minutes",
  format: duration,
  leastMax: 5,
  series: [
    { name: "reads p50", tone: "reads", filled: false, valueOf: ({ reads }) => reads.p50Ms },
    { name: "reads p99", tone: "reads faint", filled: false, valueOf: ({ reads }) => reads.p99Ms },
    { name: "writes p50", tone: "writes", filled: false, valueOf: ({ writes }) => writes.p50Ms },
    { name: "writes p99", tone: "writes faint", filled: false, valueOf: ({ writes }) => writes.p99Ms },
  ],
});

function draw(): void {
  if (drawAsked) return;
  drawAsked = true;
  requestAnimationFrame(() => {
    drawAsked = false;
    const nowMs = Date.now();
    const serverNowMs = nowMs + model.clockOffsetMs;
    document.documentElement.dataset.link = model.link;
    // Its parts in the bar and the title belong to both views.
    headline.show(model, nowMs);
    if (clusterView.hidden) return;
    topology.show(model, nowMs);
    scaling.show(model, serverNowMs);
    workers.show(model, serverNowMs);
    hosts.show(model, serverNowMs);
    conditions.show(model, serverNowMs);
    events.show(model);
    failovers.show(model, serverNowMs);
    actions.show(model);
    rates.show(model.stats);
    latencies.show(model.stats);
  });
}

function receive(message: Message): void {
  model = reduce(model, message, Date.now());
  draw();
}

const feed = openFeed({
  onMessage: receive,
  onLink: (link) => receive({ kind: "link", payload: link }),
});

setInterval(() => receive({ kind: "tick" }), tickMs);
addEventListener("online", () => feed.hurry());
followAddress((place) => {
  data.show(place);
  draw();
});
new ResizeObserver(draw).observe(must("topology-place", HTMLElement));
