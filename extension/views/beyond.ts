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
  switch (what) {
    case 'host-network':
      return t('Host');
    case 'other-users':
      return t('Processes of others');
    case 'containers':
      return t('Containers');
  }
}

const ICONS: Readonly<Record<BeyondNode['what'], string>> = {
  'host-network': 'vm',
  'other-users': 'lock',
  containers: 'vm-outline',
};

export function beyondRow({ id, what, reason }: BeyondNode, t: Translate): Row {
  return {
    id,
    label: beyondLabel(what, t),
    description: t('needs root'),
    icon: ICONS[what],
    colour: 'disabledForeground',
    facts: [[t('Reason'), coded(reason, t)]],
    context: `beyond ${what}`,
    expand: 'never',
    mark: { state: 'beyond' },
  };
}
