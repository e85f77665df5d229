// container/stats as live charts: of the rows, or of some that are picked, together in one panel.
import type { Connected } from '../context';
import { t } from '../translate';
import { lives } from '../views/containers-nodes';
import { someContainers } from './containers-meant';
import type { Target } from './target';

export async function showStatistics(context: Connected, target: Target): Promise<void> {
  // One that has ended can be waited for, from its row; nobody picks it for its figures.
  const fits = target.nodes.length > 0 ? () => true : lives;
  const chosen = await someContainers(context, target, t('Statistics'), fits);
  if (chosen.length > 0) context.statistics.open(chosen);
}
