// The wizard of a veth pair: both namespaces, both names, both addresses, up: then one request makes it, all or nothing.
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Connected } from '../context';
import { copying } from '../equivalents/copy';
import { freeAddresses, freePair } from '../prompts/defaults';
import { allNetns, linksIn, pickNetns } from '../prompts/pick';
import { all, type Check, loadRules, notIn, optional } from '../prompts/rules';
import { survey } from '../prompts/survey';
import { askPick, askText, type Step, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { netnsLabel } from '../views/networks-rows';
import { linkNodeOf, netnsKey } from '../views/nodes';
import { netnsRef } from '../views/refs';
import { done } from './report';
import { netnsOf, nodesOf, type Target } from './target';

interface End {
  netns?: Netns;
  name?: string;
  address?: string;
  /** Names of the interfaces in its namespace. */
  taken: ReadonlySet<string>;
}

export async function createVeth(context: Connected, target: Target): Promise<void> {
  const { client } = context;
  const [rules, netns] = await Promise.all([loadRules(t), allNetns(client)]);
  const { linkNames, used } = await survey(client, [], netns);
  const names = freePair(linkNames);
  const addresses = freeAddresses(used);
  // Two rows selected are the two ends; one is the first end.
  const given = nodesOf(target, 'netns').map((node) => node.netns);
  const [first = netnsOf(target), second] = given;
  const a: End = { taken: new Set(), ...(first && { netns: first }) };
  const b: End = { taken: new Set(), ...(given.length === 2 && second && { netns: second }) };
  let up = true;

  const where = (end: End, prompt: string, proposal: () => Netns | undefined): Step => {
    return async (position) => {
      end.netns = await pickNetns(position, netns, prompt, end.netns ?? proposal());
    };
  };
  const named = (end: End, prompt: string, proposal: () => string, other?: End): Step => {
    return async (position) => {
      if (!end.netns) return;
      end.taken = new Set((await linksIn(client, end.netns)).map(({ name }) => name));
      const holes = { netns: netnsLabel(end.netns, t) };
      const exists = notIn(end.taken, (name) => t('{netns} has an interface {name} already.', { ...holes, name }));
      end.name = await askText(position, {
        prompt,
        value: end.name ?? proposal(),
        check: all(rules.linkName, exists, differs(end, other)),
      });
    };
  };
  const addressed = (end: End, prompt: string, proposal: string): Step => {
    return async (position) => {
      const value = end.address ?? proposal;
      end.address = await askText(position, { prompt, value, check: optional(rules.cidr) });
    };
  };

  const other = () => netns.find((each) => !each.host && (!a.netns || netnsKey(each) !== netnsKey(a.netns)));
  const steps: Step[] = [
    ...(a.netns ? [] : [where(a, t('Network namespace of the first end'), () => netns.find(({ host }) => !host))]),
    ...(b.netns ? [] : [where(b, t('Network namespace of the second end'), other)]),
    named(a, t('Name of the first end'), () => names[0]),
    named(b, t('Name of the second end'), () => names[1], a),
    addressed(a, t('Address of the first end, or nothing'), addresses[0]),
    addressed(b, t('Address of the second end, or nothing'), addresses[1]),
    async (position) => {
      up = await askPick(position, {
        prompt: t('Bring the pair up?'),
        choices: [
          { label: t('Bring both ends up'), value: true },
          { label: t('Leave both ends down'), value: false },
        ],
        active: (value) => value === up,
      });
    },
  ];
  const request = () => ({ kind: 'veth', a: endParams(a), b: endParams(b), up }) as const;
  const offer = copying(context, () => [{ method: 'link/create', params: request() }]);
  await wizard(t('Create veth pair'), steps, offer);
  if (!a.netns || !b.netns || !a.name || !b.name) return;
  const made = await client.call('link/create', request());
  done(t('Created the veth pair {a} ⇄ {b}', { a: made.a.name, b: made.b.name }));
  await context.networks.reveal(linkNodeOf({ netns: a.netns, link: made.a }));
}

/** Two ends in one namespace need two names. */
function differs(end: End, other: End | undefined): Check {
  return (text) => {
    const together = other?.netns && end.netns && netnsKey(other.netns) === netnsKey(end.netns);
    return together && other.name === text ? t('Both ends are in one namespace: they need two names.') : undefined;
  };
}

function endParams({ netns, name = '', address }: End) {
  return { name, ...(netns && { netns: netnsRef(netns) }), ...(address && { addresses: [address] }) };
}
