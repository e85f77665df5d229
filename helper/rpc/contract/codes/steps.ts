// Steps of plans, as nouns: what the helper or the launcher was at when the kernel refused.

export const STEPS: Readonly<Record<string, string>> = {
  journal: 'writing the journal',
  netns: 'making the network namespace',
  'netns-directory': 'preparing /run/netns',
  unlink: 'removing the name',
  unpin: 'unmounting the name',
};
