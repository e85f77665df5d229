// Why an action has no equivalent command line.

export const NO_EQUIVALENT: Readonly<Record<string, string>> = {
  'no-equivalent-helper': 'Only Isolab has a helper: no other tool would be told anything.',
  'no-equivalent-attach':
    'It only brings a terminal to a shell that session/open planned: the line is that of session/open.',
  'no-equivalent-reopen': 'The shell begins as it began first: its own answer has the line.',
  'no-equivalent-create': 'Nothing runs yet: the lines are those of its start.',
  'no-equivalent-streams': 'Its terminal or pipes are held by Isolab: no other tool reaches them.',
  'no-equivalent-group':
    'By hand it is a text written to a file of its control group, such as 1 to cgroup.freeze; no tool has a line for it.',
  'no-equivalent-commit':
    'An image has a configuration and digests besides its layers: no tool makes one of a directory by a line or two.',
  'no-equivalent-restart':
    'It is the end and a new beginning: the lines are those of container/stop and container/start.',
  'no-equivalent-record': 'Only Isolab keeps containers under names: no other tool would find anything to change.',
  'no-equivalent-user-namespace':
    'No tool lays an overlay over layers whose owners are others than on disk, as its user namespace needs it.',
  'nothing-to-do': 'It is so already: there is nothing to type.',
  'changes-nothing': 'This changes nothing: there is nothing to type.',
  'no-equivalent-content': 'What is written comes from the editor, and is no part of a line.',
  'no-equivalent-not-running': 'The container does not run: no other tool has its files mounted.',
  'no-equivalent-load':
    'skopeo copy loads one image of an archive into a layout, but has to be told what kind of archive it is.',
  'no-equivalent-import': 'No other tool makes an image of a root file system in one line.',
  'no-equivalent-image-name': 'The image has no name by which other tools could call it.',
  'no-equivalent-image-several': 'skopeo writes one image into an archive, not several.',
  'no-equivalent-image-several-names':
    'The image has several names: name the one to take away, or take all of them away with force.',
  'no-equivalent-image-remove':
    'What an image shares with others only Isolab keeps track of; other tools take its name away and leave the layers.',
};
