// PURE. Which files belong to the product, and which stand around it.

export const isUnderTest = (path: string): boolean => path.startsWith("test/") || path.startsWith("tools/");
export const isTest = (path: string): boolean => path.startsWith("test/");
