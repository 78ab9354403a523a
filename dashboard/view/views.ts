// Two views of one page, chosen by the address: the cluster and its data.
import { type Place, placeOf } from "../model/place.ts";
import { must, setAttribute } from "./elements.ts";

const names = ["cluster", "data"] as const;

/** @param onPlace called now, and whenever the address leads elsewhere */
export function followAddress(onPlace: (place: Place) => void): void {
  const show = (isFirst: boolean) => {
    const place = placeOf(location.hash);
    const hadAnother = must(`${place.view}-view`, HTMLElement).hidden;
    for (const name of names) {
      must(`${name}-view`, HTMLElement).hidden = name !== place.view;
      setAttribute(
        must(`to-${name}`, HTMLAnchorElement),
        "aria-current",
        name === place.view ? "page" : null,
      );
    }
    if (hadAnother && !isFirst) scrollTo(0, 0);
    onPlace(place);
  };
  addEventListener("hashchange", () => show(false));
  show(true);
}
