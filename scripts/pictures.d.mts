// Types of pictures.mjs for the tests.

export interface Picture {
  /** File name in media/walkthrough. */
  name: string;
  /** What the file must say. */
  text: string;
}
export function pictures(): Picture[];
