// isolab diagnostics: what a report about Isolab needs, as Markdown, without what tells who somebody is.
import { diagnosticsText, type Facts, machineVersions } from '../../rpc/contract/diagnostics';
import { Failure } from '../../rpc/contract/errors';
import { identitiesHere, maskOf } from '../../rpc/contract/mask';
import { sentence } from '../../rpc/contract/sentences';
import { type Command, command } from '../command';
import type { Context } from '../context';

export const REPORT: readonly Command[] = [
  command({
    words: 'diagnostics',
    summary: 'Print what a report about Isolab needs, as Markdown: versions, findings, the end of the log.',
    notes: ['Names of people and of this machine, home directories, tickets and passwords are masked.'],
    run: async (context) => {
      const { t, program } = context;
      const mask = maskOf(identitiesHere());
      const facts: Facts = {
        versions: [['Isolab', program.version], ...machineVersions(t), ['Node', process.version]],
        helper: await helperFacts(context),
      };
      const text = diagnosticsText(facts, t, mask);
      return context.show({ markdown: text }, () => [text.trimEnd()]);
    },
  }),
];

/** A helper that cannot be asked is itself worth reporting. */
async function helperFacts(context: Context): Promise<Facts['helper']> {
  try {
    const { greeting } = await context.connected();
    const [{ findings }, diagnostics] = [
      await context.call('helper/doctor', {}),
      await context.call('helper/diagnostics', {}),
    ];
    return { greeting, findings, diagnostics };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { absent: sentence(error.data, context.t) };
  }
}
