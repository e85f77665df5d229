// Each cause of "user namespaces do not work here" told from the others, and what is said to mend it.
import { describe, expect, test } from 'vitest';
import { causeOf, type Evidence } from '../../helper/realm/user-namespaces';

const FINE: Omit<Evidence, 'trouble'> = {
  kernelHas: true,
  sysctls: { 'user.max_user_namespaces': '96365', 'user.max_mnt_namespaces': '96365' },
  filtered: false,
  nested: false,
  chrooted: false,
};
const clone = (errno: string) => ({ trouble: { step: 'clone', errno } });
const sysctls = (more: Record<string, string>) => ({ sysctls: { ...FINE.sysctls, ...more } });
const APPARMOR = sysctls({ 'kernel.apparmor_restrict_unprivileged_userns': '1' });

describe('causes', () => {
  test.each<[string, Partial<Evidence> & Pick<Evidence, 'trouble'>, string, string | undefined]>([
    ['the kernel has none', { kernelHas: false, ...clone('EINVAL') }, 'user-namespaces-kernel', 'needs-kernel-option'],
    [
      'switched off',
      { ...clone('ENOSPC'), ...sysctls({ 'user.max_user_namespaces': '0' }) },
      'user-namespaces-off',
      'set-sysctl',
    ],
    [
      'switched off for mnt',
      { ...clone('ENOSPC'), ...sysctls({ 'user.max_mnt_namespaces': '0' }) },
      'user-namespaces-off',
      'set-sysctl',
    ],
    ['off further out', { ...clone('ENOSPC'), nested: true }, 'user-namespaces-outer-limit', 'loosen-container'],
    ['the limit is reached', clone('ENOSPC'), 'user-namespaces-limit', 'end-namespaces'],
    ['nested too deep on an older kernel', clone('EUSERS'), 'user-namespaces-limit', 'end-namespaces'],
    [
      'for root only',
      { ...clone('EPERM'), ...sysctls({ 'kernel.unprivileged_userns_clone': '0' }) },
      'user-namespaces-root-only',
      'set-sysctl',
    ],
    [
      'AppArmor: made, but not mapped',
      { trouble: { step: 'uid-map', errno: 'EPERM' }, ...APPARMOR },
      'user-namespaces-apparmor',
      'set-sysctl',
    ],
    [
      'AppArmor: mapped, but nothing is mounted',
      { trouble: { step: 'mount' }, ...APPARMOR },
      'user-namespaces-apparmor',
      'set-sysctl',
    ],
    ['AppArmor: not even made', { ...clone('EACCES'), ...APPARMOR }, 'user-namespaces-apparmor', 'set-sysctl'],
    ['a filter', { ...clone('EPERM'), filtered: true }, 'user-namespaces-seccomp', 'loosen-container'],
    [
      'a filter that hides the call',
      { ...clone('ENOSYS'), filtered: true },
      'user-namespaces-seccomp',
      'loosen-container',
    ],
    [
      'a filter on a machine with AppArmor',
      { ...clone('EPERM'), filtered: true, ...APPARMOR },
      'user-namespaces-seccomp',
      'loosen-container',
    ],
    ['below chroot', { ...clone('EPERM'), chrooted: true }, 'user-namespaces-chroot', 'leave-chroot'],
    [
      'made, but hollow',
      { trouble: { step: 'mount', errno: 'EACCES' }, filtered: true },
      'user-namespaces-hollow',
      'loosen-container',
    ],
    ['nobody knows', clone('ENOMEM'), 'user-namespaces-refused', undefined],
    ['denied, nobody knows by whom', clone('EPERM'), 'user-namespaces-refused', undefined],
  ])('%s', (_name, evidence, reason, mend) => {
    const found = causeOf({ ...FINE, ...evidence });
    expect([found?.reason.code, found?.mend?.code]).toEqual([reason, mend]);
  });

  test.each([{ step: 'exec', errno: 'ENOENT' }, { step: 'keeper-silent' }, { step: 'set-up-killed' }])(
    'not to blame for %j',
    (trouble) => {
      expect(causeOf({ ...FINE, trouble, ...APPARMOR })).toBeUndefined();
    },
  );

  test('a switch is named with its value, and its mend with the value that helps', () => {
    const off = causeOf({ ...FINE, ...clone('ENOSPC'), ...sysctls({ 'user.max_user_namespaces': '0' }) });
    expect(off?.reason.args).toEqual({ sysctl: 'user.max_user_namespaces', value: '0' });
    expect(off?.mend?.args).toEqual({ sysctl: 'user.max_user_namespaces', value: 15_000 });
    const reached = causeOf({ ...FINE, ...clone('ENOSPC') });
    expect(reached?.reason.args).toEqual({ sysctl: 'user.max_user_namespaces', value: 96_365 });
    expect(Number(reached?.mend?.args?.value)).toBeGreaterThan(96_365);
  });
});
