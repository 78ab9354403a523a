// How large the parts of one request may be. The size of the whole body is bounded before any of this, so values and
// lists of values need no bound of their own; what is bounded here costs more to carry out than to send.

export const bounds = {
  /** Of a table's or column's name. */
  nameLengthMax: 128,
  columnsMax: 500,
  /** Comparisons in one condition: SQLite refuses expressions about three times as deep. */
  comparisonsMax: 256,
  /** Parentheses and NOTs around each other. */
  nestingMax: 50,
  idempotencyKeyLengthMax: 200,
} as const;
