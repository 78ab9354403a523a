// PURE: how much room a text takes on a terminal, and texts that do nothing there but stand there.

/**
 * What steers a terminal, turns the direction of writing, breaks a line, or is no character at all. Of what is not shown, the
 * joiners and what selects a form of a letter or a picture stay; the places that Unicode keeps for more of it do not.
 */
const steering =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u{e0000}-\u{e007f}]|(?![\u200c\u200d])\p{Cf}|(?=\p{Cn})\p{Default_Ignorable_Code_Point}/gu;
/** Whether the text does more on a terminal than stand there, on however many lines. */
export const steers = (text: string): boolean => visibleJson(text) !== text;

const lineFeeds = /^[\n\t]$/;

const escaped = (found: string): string => {
  const json = JSON.stringify(found).slice(1, -1);
  if (json !== found) return json;
  const hex = (found.codePointAt(0) ?? 0).toString(16);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
};

/** On one line. */
export const visible = (text: string): string => text.replace(steering, escaped);

/** As it is, on several lines if it has them. */
export const visibleLines = (text: string): string =>
  text.replace(steering, (found) => (lineFeeds.test(found) ? found : escaped(found)));

/** Of JSON: inside its texts, where alone such characters can stand, an escape means the same. */
export const visibleJson = (json: string): string =>
  json.replace(steering, (found) =>
    found === "\n"
      ? found
      : Array.from(
          { length: found.length },
          (_, i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, "0")}`,
        ).join(""),
  );

const nothing = /^[\p{Mn}\p{Me}\u200c\u200d]$/u;
/** Two columns, by the Unicode Standard's annex 11, and pictures. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{16ff1}\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|.\ufe0f/u;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** What a reader takes for one character: a letter with its marks, a picture with its parts. */
const charactersIn = (text: string): readonly string[] =>
  Array.from(segmenter.segment(text), ({ segment }) => segment);

// Nearly all texts are of these, and a table may have a hundred thousand cells.
const plain = /^[ -~]*$/;

const widthOfCharacter = (character: string): number =>
  wide.test(character) ? 2 : [...character].filter((one) => !nothing.test(one)).length;

/** In columns of a terminal. */
export const widthOf = (text: string): number =>
  plain.test(text)
    ? text.length
    : charactersIn(text).reduce((sum, character) => sum + widthOfCharacter(character), 0);

/** Whole characters, as many as fit. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let room = columns - 1;
  let kept = "";
  for (const character of charactersIn(text)) {
    room -= widthOfCharacter(character);
    if (room < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

export const padTo = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - widthOf(text)));
