/** Bytes of a file in one message: as base64 they fit into a frame. */
export const CHUNK = 512 * 1024;
