// What codecs throw on bytes or text that do not have the shape they must have.

export class NetlinkFormatError extends Error {
  override readonly name = 'NetlinkFormatError';
}
