// PURE. Edits the bench's manifest as an operator would.

const scalingForm = /baseline: \d+, min: \d+, max: \d+/;

/** @throws when the text has no line that says how many slaves there are */
export function withSlaves(manifest: string, slaves: number): string {
  if (!scalingForm.test(manifest))
    throw new Error("the bench's manifest does not say how many slaves there are");
  return manifest.replace(scalingForm, `baseline: ${slaves}, min: ${slaves}, max: ${slaves}`);
}
