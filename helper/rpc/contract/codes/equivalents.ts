// Why an action has no equivalent command line.

export const NO_EQUIVALENT: Readonly<Record<string, string>> = {
  'no-equivalent-helper': 'Only Isolab has a helper: no other tool would be told anything.',
  'no-equivalent-attach':
    'It only brings a terminal to a shell that session/open planned: the line is that of session/open.',
  'no-equivalent-reopen': 'The shell begins as it began first: its own answer has the line.',
  'nothing-to-do': 'It is so already: there is nothing to type.',
  'changes-nothing': 'This changes nothing: there is nothing to type.',
  'no-equivalent-content': 'What is written comes from the editor, and is no part of a line.',
  'no-equivalent-not-running': 'The container does not run: no other tool has its files mounted.',
};
