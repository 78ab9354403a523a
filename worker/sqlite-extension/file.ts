// PURE. Where the compiled extension is: beside the native module of sqlite3, with which it goes into the image. The number in its name
// is that of what it is called with: the sources of another time do not find it, and say what to do.
export const extensionFile = decodeURIComponent(
  new URL("../../node_modules/sqlite3/build/Release/dbaas-4.so", import.meta.url).pathname,
);

/** Of all connections of a process together: a statement that needs more ends with an error, and not the process. */
export const heapBytesMax = 192 * 1024 * 1024;
