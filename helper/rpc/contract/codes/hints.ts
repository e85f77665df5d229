// What to do next: a sentence for every hint code, and for every reason why a thing was kept or is missing.

export const HINTS: Readonly<Record<string, string>> = {};
