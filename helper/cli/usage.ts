// The error of a command line that does not make sense: a message to translate, with its holes. Exit status 2.

export class Usage extends Error {
  override readonly name = 'Usage';
  constructor(
    /** English, with named holes; the key of the translation. */
    readonly text: string,
    readonly args: Readonly<Record<string, string | number>> = {},
    /** The option or operand at fault, as it is written: `--a-addr`. */
    readonly argument?: string,
  ) {
    super(text);
  }

  /** The same, saying which argument it is about, where that is not yet known. */
  of(argument: string): Usage {
    return this.argument === undefined ? new Usage(this.text, this.args, argument) : this;
  }
}
