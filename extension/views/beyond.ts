// What a helper without root cannot reach stands in the trees all the same: greyed, with the reason, as the helper gives it.
import type { Feature } from '../../helper/rpc/contract/helper';
import { coded, type Translate } from '../../helper/rpc/contract/sentences';
import type { BeyondNode } from './nodes';
import type { Row } from './row';

/** The row for a feature that is missing; none where it is there. */
export function beyondNodes(features: readonly Feature[], what: BeyondNode['what']): BeyondNode[] {
  const feature = features.find(({ name }) => name === what);
  return feature?.reason === undefined ? [] : [{ type: 'beyond', id: `beyond/${what}`, what, reason: feature.reason }];
}

export function beyondLabel(what: BeyondNode['what'], t: Translate): string {
  return what === 'host-network' ? t('Host') : t('Processes of others');
}

export function beyondRow({ id, what, reason }: BeyondNode, t: Translate): Row {
  return {
    id,
    label: beyondLabel(what, t),
    description: t('needs root'),
    icon: what === 'host-network' ? 'vm' : 'lock',
    colour: 'disabledForeground',
    facts: [[t('Reason'), coded(reason, t)]],
    context: `beyond ${what}`,
    expand: 'never',
    mark: { state: 'beyond' },
  };
}
