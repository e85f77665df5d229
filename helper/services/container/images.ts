// What containers ask of the store of images.
import type { ImageConfig, ImageRef } from '../../rpc/contract/image';

export interface ResolvedImage {
  /** Hexadecimal SHA-256 of its configuration. */
  readonly id: string;
  readonly names: readonly string[];
  /** Directories that overlay can lie on, bottom first. */
  readonly layers: readonly string[];
  readonly config: ImageConfig;
}

export interface Images {
  /** Failure `not-found` where there is none; its layers stand unpacked when this resolves. */
  resolve(image: ImageRef, field?: string): Promise<ResolvedImage>;
}
