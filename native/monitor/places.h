// What isolab-launch hands over to the monitor that it becomes: descriptors at these places, and arguments: the program's
// pid, flags, size and number of log files, flags of the first client; all decimal.
#ifndef ISOLAB_PLACES_H
#define ISOLAB_PLACES_H

enum {
  AT_CHANNEL = 3,  // to whoever launched: one line, then closed
  AT_CONTROL,      // bound; the monitor listens
  AT_LOG,          // directory; this and all below may be closed
  AT_STATUS,       // file
  AT_CLIENT,       // the first one
  AT_INPUT,        // pipes to and from the program
  AT_OUTPUT,
  AT_ERROR,
  AT_TERMINAL,  // master of its terminal, in place of pipes
  PLACES
};

enum {
  TAKES_INPUT = 1,
  INPUT_ENDS = 2,   // with that of the first client that gives some
  HANG_UP = 4,      // the program, with the last client
  PROCESS_ONE = 8,  // of a pid namespace: signals without a handler do not end it
};

#endif
