// The helper's state where it can be seen from everywhere: the status bar, and the context keys of package.json.
import { commands, type Disposable, MarkdownString, StatusBarAlignment, ThemeColor, window } from 'vscode';
import { sentence } from '../../helper/rpc/contract/sentences';
import type { Helper, HelperState } from '../helper/client';
import { t } from '../translate';
import { factsMarkdown } from './row';

export function showStatus(helper: Helper): Disposable[] {
  const item = window.createStatusBarItem('isolab.helper', StatusBarAlignment.Left, 0);
  item.name = t('Isolab helper');
  const show = (state: HelperState) => {
    void commands.executeCommand('setContext', 'isolab.helper', state.kind);
    const realm = state.kind === 'connected' ? state.client.greeting.realm : undefined;
    void commands.executeCommand('setContext', 'isolab.realm', realm);
    Object.assign(item, look(state));
    item.accessibilityInformation = { label: item.text.replace(/\$\(.*?\)\s*/, '') };
  };
  show(helper.state);
  item.show();
  return [item, helper.onDidChangeState(show)];
}

function look(state: HelperState) {
  const calm = { backgroundColor: undefined };
  switch (state.kind) {
    case 'connected': {
      const { realm, kernel, pid, version } = state.client.greeting;
      const facts = factsMarkdown([
        [t('Realm'), realm === 'host' ? t('host: real root') : t('user: without root')],
        [t('Kernel'), kernel],
        [t('Helper'), `${version}, pid ${pid}`],
      ]);
      // Who has no root sees that at a glance, and is not told off for it.
      const icon = realm === 'host' ? 'shield' : 'account';
      return { ...calm, text: `$(${icon}) Isolab`, tooltip: new MarkdownString(facts), command: 'isolab.helper.menu' };
    }
    case 'starting': {
      const text = `$(loading~spin) ${t('Isolab: starting')}`;
      return { ...calm, text, tooltip: t('The helper is being started.'), command: 'isolab.helper.log' };
    }
    case 'refused':
      return {
        backgroundColor: new ThemeColor('statusBarItem.warningBackground'),
        text: `$(warning) ${t('Isolab: no access')}`,
        tooltip: sentence(state.failure.data, t),
        command: 'isolab.helper.menu',
      };
    case 'absent': {
      const text = `$(debug-disconnect) ${t('Isolab: no helper')}`;
      return { ...calm, text, tooltip: t('Click to start the helper.'), command: 'isolab.helper.start' };
    }
  }
}
