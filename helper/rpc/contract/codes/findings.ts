// What the doctor says: a sentence for every finding and for what mends it.

export const FINDINGS: Readonly<Record<string, string>> = {};
