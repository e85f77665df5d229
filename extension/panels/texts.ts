// Words and sentences of the Statistics page. The page itself knows none.
import type { Translate } from '../../helper/rpc/contract/sentences';
import type { Texts } from './messages';

export function pageTexts(t: Translate): Texts {
  return {
    figures: t('What the containers use now'),
    container: t('Container'),
    state: t('State'),
    cpu: t('CPU'),
    cpuUnit: t('of one core'),
    cpuLong: t('CPU, percent of one core'),
    memory: t('Memory'),
    memoryLong: t('Memory, without idle page cache'),
    read: t('Read'),
    write: t('Written'),
    ioLong: t('Block devices, bytes a second'),
    pids: t('Processes'),
    pidsLong: t('Processes and threads'),
    throttled: t('Throttled'),
    throttledLong: t('CPU quota used up'),
    oomKills: t('Killed for memory'),
    oomKill: t('Killed: out of memory'),
    limit: t('Limit'),
    beyond: t('The limit is far above'),
    ofLimit: t('{value} of {limit}'),
    waiting: t('Waiting for figures…'),
    chartHelp: t('Left and right arrow keys go through the last ten minutes, Escape returns to now.'),
  };
}
